import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { createDataIngest } from '@minvar/service-data-ingest';
import { createFolderStore, createLmdbEventLog, createLogger, homeFolders, runApp } from '@minvar/service-kit';
import { readEnvironment } from './environment';

// data-ingest alone, beside the other services of a home: all they share is its log and its objects.
async function main(): Promise<void> {
  const { home, cache, dataDir, logLevel } = readEnvironment();
  const logger = createLogger({ name: 'data-ingest', level: logLevel });
  const folders = homeFolders(home);
  const log = await createLmdbEventLog({ dir: folders.events });
  const store = await createFolderStore({ dir: folders.objects });
  // the bundle lies in dist/
  const bundledDir = fileURLToPath(new URL('../libs/datasets/bundled', import.meta.url));
  const service = createDataIngest({
    log,
    store,
    dataDir,
    cacheDir: cache,
    scratchDir: folders.scratch,
    bundledDir,
    logger,
  });

  await service.start();
  logger.info({ home }, 'ready');
  await Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT')]);
  await service.stop();
  await log.close();
  await store.close();
}

runApp('data-ingest', main);
