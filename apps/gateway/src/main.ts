import { fileURLToPath } from 'node:url';
import { localProject } from '@minvar/contracts';
import { datasets } from '@minvar/datasets';
import { experiments, recipes } from '@minvar/experiments';
import { methods } from '@minvar/methods';
import { metrics } from '@minvar/metrics';
import { models } from '@minvar/models';
import { createReadModel, readModelDatabase, readObjects } from '@minvar/read-model';
import { createGateway } from '@minvar/service-gateway';
import { askedToEnd, createLinkSigner, createLogger, openHome, openPlace, runApp } from '@minvar/service-kit';
import { readEnvironment } from './environment';

// The gateway as a process of its own, beside other services on the same log and objects. On a home it is the one that holds it.
runApp('gateway', async () => {
  const { home: dir, servers, port, host, token, logLevel } = readEnvironment();
  const ended = askedToEnd();
  const logger = createLogger({ name: 'gateway', level: logLevel });
  const home = servers ? null : await openHome(dir);
  const linkSigner = home ? createLinkSigner(await home.secret('links')) : null;
  const { log, store, folders, close } = await openPlace(
    { home: dir, servers },
    linkSigner ? { signer: linkSigner, baseUrl: () => gateway.url() } : undefined,
  );
  const readModel = createReadModel({
    database: readModelDatabase(servers, {
      workerUrl: new URL('./read-model-worker.mjs', import.meta.url),
      dir: folders.readModel,
    }),
    log,
    objects: readObjects(store),
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
  await home?.announce({ url: gateway.url(), ...(token ? { token } : {}) });
  process.stdout.write(`minvar ready ${gateway.url()}\n`);

  await ended;
  logger.info({}, 'stopping');
  await gateway.stop();
  await readModel.stop();
  await close();
  await home?.close();
});
