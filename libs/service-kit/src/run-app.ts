import { once } from 'node:events';
import { createHealth } from './observe/health';
import { createLogger } from './observe/logger';
import type { Logger, LoggerOptions } from './observe/logger';
import { createMetrics } from './observe/metrics';
import { serveHealth } from './observe/serve-health';
import { watchLog } from './observe/watch-log';
import { openPlace } from './place';
import type { Place, PlaceSettings } from './place';

/** What a person gives and can give otherwise: exit code 2, as for a wrong command line. */
const wrongUsage = new Set(['ConfigurationError', 'UnusableHomeError', 'UnsuitableFileSystemError']);

/** Runs an app's `main`. When it cannot go on, one line on stderr says why; exit code 2 for a wrong configuration, else 1. */
export function runApp(name: string, main: () => Promise<void>): void {
  main().then(
    () => process.exit(0),
    (error: Error) => {
      process.stderr.write(`${name}: ${error.message}\n`);
      process.exit(wrongUsage.has(error.name) ? 2 : 1);
    },
  );
}

/** Resolves when this process is asked to end. */
export const askedToEnd = (): Promise<unknown> => Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT')]);

export interface ServiceSettings extends PlaceSettings {
  readonly logLevel: NonNullable<LoggerOptions['level']>;
  /** of health, readiness and metrics; 0 picks a free one */
  readonly port: number;
  readonly host: string;
}

export interface ServiceParts extends Pick<Place, 'log' | 'store' | 'folders'> {
  readonly logger: Logger;
}

interface Service {
  start(): Promise<void>;
  stop(): Promise<void>;
  ready(): boolean;
}

/**
 * One service in a process of its own, until SIGTERM or SIGINT: all that it shares with the others are the log and the objects. Its
 * health is served from the start on; one line on stdout says where, when it is ready.
 */
export async function runService(
  name: string,
  { logLevel, port, host, ...place }: ServiceSettings,
  create: (parts: ServiceParts) => Service,
): Promise<void> {
  const ended = askedToEnd();
  const logger = createLogger({ name, level: logLevel });
  const health = createHealth();
  const metrics = createMetrics({ service: name });
  const server = await serveHealth({ health, metrics }, { host, port });
  try {
    const { log, store, folders, close } = await openPlace(place);
    try {
      const service = create({ log: watchLog(log, metrics), store, folders, logger });
      health.add('log', 'ready', () => log.healthy());
      health.add('objects', 'ready', () => store.healthy());
      health.add(name, 'ready', () => (service.ready() ? null : 'it does not take work'));
      metrics.gauge('ready', 'Whether the service takes work', [], (gauge) => gauge.set(Number(service.ready())));
      await service.start();
      health.started();
      logger.info({ health: server.url, on: place.servers ? 'servers' : place.home }, 'ready');
      process.stdout.write(`minvar ${name} ready ${server.url}\n`);
      await ended;
      logger.info({}, 'stopping');
      await service.stop();
    } finally {
      await close();
    }
  } finally {
    await server.close();
  }
}
