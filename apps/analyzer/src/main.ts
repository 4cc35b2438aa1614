import { once } from 'node:events';
import { experiments } from '@minvar/experiments';
import { createAnalyzer } from '@minvar/service-analyzer';
import { createFolderStore, createLmdbEventLog, createLogger, homeFolders, runApp } from '@minvar/service-kit';
import { readEnvironment } from './environment';

// The analyzer alone, beside the other services of a home: all they share is its log and its objects.
async function main(): Promise<void> {
  const { home, logLevel } = readEnvironment();
  const logger = createLogger({ name: 'analyzer', level: logLevel });
  const folders = homeFolders(home);
  const log = await createLmdbEventLog({ dir: folders.events });
  const store = await createFolderStore({ dir: folders.objects });
  const service = createAnalyzer({ log, store, experiments, logger });

  await service.start();
  logger.info({ home }, 'ready');
  await Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT')]);
  await service.stop();
  await log.close();
  await store.close();
}

runApp('analyzer', main);
