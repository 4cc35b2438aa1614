import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AnyEnvelope } from '@minvar/contracts';
import { localProject } from '@minvar/contracts';
import { defineExperiment } from '@minvar/coordination';
import { datasets } from '@minvar/datasets';
import { methods } from '@minvar/methods';
import { metrics } from '@minvar/metrics';
import { models } from '@minvar/models';
import { createReadModel, readObjects } from '@minvar/read-model';
import { bundleWorker } from '@minvar/read-model/testing';
import { createFolderStore, createLinkSigner, createLmdbEventLog, createPublisher } from '@minvar/service-kit';
import { createGateway } from '../gateway';
import type { GatewayOptions } from '../options';
import { bundleLinearWorker } from './linear-worker';

const cell = (method: string, jitter: number) => ({
  name: `${method}, jitter ${jitter}`,
  condition: `jitter ${jitter}`,
  arm: method,
  spec: { data: { name: 'mnist' }, model: { name: 'small-cnn' }, method: { name: method }, epochs: 2 },
});

/** An experiment as a file of `experiments/` declares it. */
export const colours = defineExperiment({
  name: 'colours',
  title: 'Which feature is learnt',
  description: 'for tests',
  claims: [{ id: '1', text: 'Mixup follows colour more than ERM', source: 'none' }],
  presets: {
    quick: {
      name: 'quick',
      description: 'two methods',
      cells: [cell('erm', 0), cell('mixup', 0)],
      firstSeed: 100,
      seeds: 2,
    },
  },
  endpoints: () => [],
  columns: [],
});

export const silent = { info: () => undefined, warn: () => undefined, error: () => undefined };

/** Tests say themselves what they expect in it. */
interface Answer {
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  data?: any;
  errors?: { message: string; extensions: { code: string } }[];
}

/** A gateway on a real log, store and database in a scratch folder, and the way to speak as the other services do. */
export async function openLaboratory(options: Partial<GatewayOptions> = {}) {
  const home = await mkdtemp(join(tmpdir(), 'minvar-gateway-'));
  let aged = 0;
  const log = await createLmdbEventLog({ dir: join(home, 'log'), now: () => Date.now() + aged });
  const linkSigner = createLinkSigner(Buffer.alloc(32, 7));
  let url = '';
  const store = await createFolderStore({
    dir: join(home, 'objects'),
    links: { signer: linkSigner, baseUrl: () => url },
  });
  const statements: string[] = [];
  const readModel = createReadModel({
    database: { kind: 'pglite', workerUrl: await bundleWorker(), dir: join(home, 'read-model') },
    log,
    objects: readObjects(store),
    onStatement: (sql) => statements.push(sql),
  });
  await readModel.start();
  const settings: GatewayOptions = {
    projectId: localProject,
    log,
    store,
    readModel,
    experiments: { colours },
    registries: { methods, models, datasets, metrics },
    linear: { workerUrl: await bundleLinearWorker() },
    port: 0,
    host: '127.0.0.1',
    linkSigner,
    logger: silent,
    ...options,
  };
  const gateway = createGateway(settings);
  await gateway.start();
  url = gateway.url();
  const publisher = createPublisher(log, store);

  return {
    url,
    gateway,
    settings,
    store,
    log,
    readModel,
    statements,
    /** Drops what the log would no longer keep after so many days. */
    async forget(days: number): Promise<void> {
      aged = days * 24 * 3600 * 1000;
      await log.prune();
      aged = 0;
    },
    /** Publishes as other services do; resolves when the read model shows it. */
    async say(...events: AnyEnvelope[]): Promise<void> {
      const positions = await publisher.publish(...events);
      await readModel.reached(positions, 60_000);
    },
    async ask(query: string, variables: Record<string, unknown> = {}, headers: Record<string, string> = {}) {
      const response = await fetch(`${url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify({ query, variables }),
      });
      const body = (await response.json()) as Answer;
      return { status: response.status, ...body };
    },
    async close(): Promise<void> {
      await gateway.stop();
      await readModel.stop();
      await log.close();
      await store.close();
      await rm(home, { recursive: true, force: true });
    },
  };
}
export type Laboratory = Awaited<ReturnType<typeof openLaboratory>>;
