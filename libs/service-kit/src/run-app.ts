import { once } from 'node:events';
import { createLmdbEventLog } from './event-log/lmdb';
import type { EventLog } from './event-log/port';
import { homeFolders } from './home/home';
import type { HomeFolders } from './home/home';
import { createFolderStore } from './object-store/folder';
import type { ObjectStore } from './object-store/port';
import { createLogger } from './observe/logger';
import type { Logger, LoggerOptions } from './observe/logger';

/** What a person gives and can give otherwise: exit code 2, as for a wrong command line. */
const wrongUsage = new Set(['ConfigurationError', 'UnusableHomeError', 'UnsuitableFileSystemError']);

/** Runs an app's `main`. When it cannot go on, one line on stderr says why; exit code 2 for a wrong configuration, else 1. */
export function runApp(name: string, main: () => Promise<void>): void {
  main().catch((error: Error) => {
    process.stderr.write(`${name}: ${error.message}\n`);
    process.exit(wrongUsage.has(error.name) ? 2 : 1);
  });
}

export interface HomeServiceParts {
  readonly log: EventLog;
  readonly store: ObjectStore;
  readonly folders: HomeFolders;
  readonly logger: Logger;
}

/** One service of a home in a process of its own, until SIGTERM or SIGINT: all that it shares with the others are the home's log and objects. */
export async function runHomeService(
  name: string,
  { home, logLevel }: { readonly home: string; readonly logLevel: NonNullable<LoggerOptions['level']> },
  create: (parts: HomeServiceParts) => { start(): Promise<void>; stop(): Promise<void> },
): Promise<void> {
  const logger = createLogger({ name, level: logLevel });
  const folders = homeFolders(home);
  const log = await createLmdbEventLog({ dir: folders.events });
  const store = await createFolderStore({ dir: folders.objects });
  const service = create({ log, store, folders, logger });
  await service.start();
  logger.info({ home }, 'ready');
  await Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT')]);
  await service.stop();
  await log.close();
  await store.close();
}
