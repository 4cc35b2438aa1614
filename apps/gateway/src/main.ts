import { fileURLToPath } from 'node:url';
import { localProject } from '@minvar/contracts';
import { datasets } from '@minvar/datasets';
import { experiments, recipes } from '@minvar/experiments';
import { methods } from '@minvar/methods';
import { metrics } from '@minvar/metrics';
import { models } from '@minvar/models';
import { createReadModel, readChunksFrom } from '@minvar/read-model';
import { createGateway } from '@minvar/service-gateway';
import {
  createFolderStore,
  createLinkSigner,
  createLmdbEventLog,
  createLogger,
  openHome,
  runApp,
} from '@minvar/service-kit';
import { readEnvironment } from './environment';

// The gateway as a process of its own, beside other services on the same log and objects. It is the one that holds the home.
async function main(): Promise<void> {
  const { home: dir, port, host, token, logLevel } = readEnvironment();
  const logger = createLogger({ name: 'gateway', level: logLevel });
  const home = await openHome(dir);
  const { folders } = home;
  const linkSigner = createLinkSigner(await home.secret('links'));
  const log = await createLmdbEventLog({ dir: folders.events });
  const store = await createFolderStore({
    dir: folders.objects,
    links: { signer: linkSigner, baseUrl: () => gateway.url() },
  });
  const readModel = createReadModel({
    database: {
      kind: 'pglite',
      workerUrl: new URL('./read-model-worker.mjs', import.meta.url),
      dir: folders.readModel,
    },
    log,
    readChunks: readChunksFrom(store),
    onNotice: (message) => logger.warn({}, message),
  });
  const gateway = createGateway({
    projectId: localProject,
    log,
    store,
    readModel,
    experiments,
    registries: { methods, models, datasets, metrics, recipes },
    linear: { workerUrl: new URL('./linear-worker.mjs', import.meta.url) },
    port,
    host,
    token,
    linkSigner,
    dashboardDir: fileURLToPath(new URL('./dashboard', import.meta.url)),
    logger,
  });
  await readModel.start();
  await gateway.start();
  await home.announce({ url: gateway.url(), ...(token ? { token } : {}) });
  process.stdout.write(`minvar ready ${gateway.url()}\n`);

  let stopping = false;
  const stop = async (): Promise<void> => {
    if (stopping) return;
    stopping = true;
    await gateway.stop();
    await readModel.stop();
    await log.close();
    await store.close();
    await home.close();
    process.exit(0);
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => void stop());
}

runApp('gateway', main);
