import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type {
  AnyEnvelope,
  ExperimentRequest,
  MessageData,
  MessageType,
  RunHead,
  WholeEnvelope,
} from '@minvar/contracts';
import { datasetIdOf, derivedId, experimentIdOf, objectKeys, runHead, topicOf } from '@minvar/contracts';
import type { Now, Registries } from '@minvar/coordination';
import { defineExperiment, presetLabel } from '@minvar/coordination';
import type { EventLog, ObjectStore } from '@minvar/service-kit';
import {
  createFolderStore,
  createLmdbEventLog,
  createPublisher,
  decodeEvent,
  readLargeFrom,
  readThrough,
  wholeEvent,
} from '@minvar/service-kit';
import { z } from 'zod';
import { message } from '../announce';
import { createTrainer } from '../create-trainer';
import type { Trainer, TrainerOptions } from '../create-trainer';
import type { Behaviour, InProcessRunner } from './in-process-runner';
import { createInProcessRunner } from './in-process-runner';

const projectId = 'local';
const now = (): Now => ({ ms: performance.now(), at: new Date().toISOString(), nonce: randomBytes(8).toString('hex') });

const registries: Registries = {
  methods: {
    erm: { name: 'erm', parameters: z.strictObject({}) },
    ls: { name: 'ls', parameters: z.strictObject({ alpha: z.number().max(1).default(0.1) }) },
  },
  models: { linear: { name: 'linear', parameters: z.strictObject({}) } },
  datasets: { dots: { name: 'dots', parameters: z.strictObject({ jitter: z.number().default(0) }) } },
};

const cell = (
  method: string,
  jitter: number,
): {
  name: string;
  condition: string;
  arm: string;
  spec: { data: { name: string; jitter: number }; model: { name: string }; method: { name: string }; epochs: number };
} => ({
  name: `${method}, ${jitter}`,
  condition: `${jitter}`,
  arm: method,
  spec: { data: { name: 'dots', jitter }, model: { name: 'linear' }, method: { name: method }, epochs: 1 },
});
const preset = (
  name: string,
  seeds: number,
  cells: ReturnType<typeof cell>[],
): { name: string; description: string; cells: typeof cells; firstSeed: number; seeds: number } => ({
  name,
  description: '',
  cells,
  firstSeed: 0,
  seeds,
});
const experiment = (name: string): ReturnType<typeof defineExperiment> =>
  defineExperiment({
    name,
    title: name,
    description: '',
    claims: [],
    presets: {
      quick: preset('quick', 3, [cell('erm', 0), cell('ls', 0)]),
      two: preset('two', 1, [cell('erm', 0), cell('erm', 1)]),
      exact: preset('exact', 0, []),
      /** its list of runs is too large for a message */
      wide: preset('wide', 6, [{ ...cell('erm', 0), name: 'x'.repeat(60_000) }]),
    },
    endpoints: () => [],
    columns: [],
  });
export const experiments = { colour: experiment('colour'), shape: experiment('shape') };

/** A trainer with a real log and store, an executor of promises, and hands for the gateway and data-ingest. */
export interface Laboratory {
  readonly log: EventLog;
  readonly store: ObjectStore;
  readonly now: () => Now;
  readonly send: (events: readonly AnyEnvelope[]) => Promise<void>;
  readonly trainer: (options?: Partial<TrainerOptions>) => Trainer;
  readonly runner: (slots: number, behave?: (head: RunHead) => Behaviour) => InProcessRunner;
  readonly command: <T extends MessageType>(
    type: T,
    subject: string,
    data: MessageData<T>,
    id?: string,
  ) => Promise<void>;
  readonly runExperiment: (name: string, basePreset: string, more?: Partial<ExperimentRequest>) => Promise<string>;
  /** data-ingest: answers every request for data that is in the log, with a version or a failure */
  readonly ingest: (error?: string) => Promise<number>;
  readonly events: (
    aggregate: 'experiment' | 'run' | 'dataset',
    channel?: 'events' | 'commands',
  ) => Promise<WholeEnvelope[]>;
  readonly head: (runId: string) => Promise<RunHead>;
  readonly until: <T>(what: string, look: () => Promise<T | null | undefined | false>) => Promise<T>;
  readonly close: () => Promise<void>;
}

export async function createLaboratory(): Promise<Laboratory> {
  const home = await mkdtemp(join(tmpdir(), 'minvar-trainer-'));
  const log = await createLmdbEventLog({ dir: join(home, 'log') });
  const store = await createFolderStore({ dir: join(home, 'store') });
  const publisher = createPublisher(log, store);
  const send = async (events: readonly AnyEnvelope[]): Promise<void> => void (await publisher.publish(...events));
  const stops: (() => Promise<void>)[] = [];
  const answered = new Set<string>();

  async function events(
    aggregate: 'experiment' | 'run' | 'dataset',
    channel: 'events' | 'commands' = 'events',
  ): Promise<WholeEnvelope[]> {
    const topic = topicOf(aggregate, channel);
    const found: WholeEnvelope[] = [];
    for (const { partition, offset: to } of await log.end([topic]))
      for await (const records of readThrough(log, { topic, partition, from: 0, to }))
        found.push(...(await Promise.all(records.map((r) => wholeEvent(decodeEvent(r), readLargeFrom(store))))));
    return found;
  }

  const command: Laboratory['command'] = (type, subject, data, id = `cmd-${now().nonce}`) =>
    send([{ ...message(type, id, subject, projectId, now().at, data), source: 'gateway' }]);

  return {
    log,
    store,
    now,
    send,
    events,
    command,
    trainer: (options = {}) => {
      const quiet = (): void => {};
      const executor =
        options.executor ?? createInProcessRunner({ store, send, now, slots: 2, behave: () => 'succeed' });
      const trainer = createTrainer({
        projectId,
        log,
        store,
        executor,
        experiments,
        registries,
        leaseSeconds: 1.2,
        retrySeconds: 0.01,
        logger: { info: quiet, warn: quiet, error: quiet },
        ...options,
      });
      stops.push(async () => {
        await trainer.stop();
        await executor.stop();
      });
      return trainer;
    },
    runner: (slots, behave = () => 'succeed') => createInProcessRunner({ store, send, now, slots, behave }),
    runExperiment: async (name, basePreset, more = {}) => {
      const requestId = derivedId('request', now().nonce);
      const definition = Object.hasOwn(experiments, name) ? experiments[name as 'colour'] : null;
      const seeds = more.seeds ?? null;
      const known = definition?.presets[basePreset];
      const label = known && !more.set?.length ? presetLabel(known, seeds, []) : basePreset;
      const experimentId = experimentIdOf(projectId, name);
      await command('experiment.run', experimentId, {
        requestId,
        experimentId,
        name,
        preset: label,
        basePreset,
        seeds,
        set: [],
        freshNonce: null,
        priority: 0,
        idempotencyKey: null,
        ...more,
      });
      return requestId;
    },
    ingest: async (error) => {
      let made = 0;
      for (const wanted of await events('dataset', 'commands')) {
        if (wanted.type !== 'dataset.ingest' || answered.has(wanted.id)) continue;
        answered.add(wanted.id);
        made++;
        const { ingestId, name, parameters } = wanted.data;
        const datasetId = datasetIdOf(projectId, name);
        const manifest = { name, versionId: derivedId('datasetVersion', ingestId), version: ingestId.slice(4, 16) };
        const event = error
          ? message('dataset.ingestFailed', `${wanted.id}:failed`, datasetId, projectId, now().at, {
              ingestId,
              name,
              parameters,
              error,
            })
          : message('dataset.versionCreated', `${ingestId}:created`, datasetId, projectId, now().at, {
              ingestId,
              name,
              parameters,
              prefix: 'p',
              manifest: { ...emptyManifest, datasetId, parameters, ...manifest },
            });
        await send([{ ...event, source: 'data-ingest' }]);
      }
      return made;
    },
    head: async (runId) =>
      runHead.parse(JSON.parse(Buffer.from((await store.get(objectKeys.runHead(runId))).body).toString('utf8'))),
    until: async (what, look) => {
      for (const end = Date.now() + 50_000; Date.now() < end;) {
        const found = await look().catch(() => null);
        if (found) return found;
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      throw new Error(`waited in vain until ${what}`);
    },
    close: async () => {
      for (const stop of stops) await stop();
      await log.close();
      await store.close();
      await rm(home, { recursive: true, force: true });
    },
  };
}

const noArray = { path: 'data/none.npy', dtype: 'int32' as const, shape: [0], sizeBytes: 0, sha256: '' };
const emptyManifest = {
  v: 1 as const,
  projectId,
  createdAt: '2026-01-01T00:00:00.000Z',
  title: '',
  licence: '',
  citation: '',
  official: false,
  note: null,
  sources: [],
  classes: [],
  attribute: null,
  features: null,
  input: { kind: 'vector' as const, shape: [2], mean: [0], std: [1] },
  splits: [
    {
      name: 'train',
      examples: 1000,
      perClass: [],
      perGroup: [],
      inputs: noArray,
      labels: noArray,
      attributes: null,
      decodability: null,
    },
  ],
  card: { path: 'README.md', sha256: '', sizeBytes: 0 },
  contentSha256: '',
};
