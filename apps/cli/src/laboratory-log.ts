import { renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { createLogger } from '@minvar/service-kit';
import type { Logger } from '@minvar/service-kit';
import { destination } from 'pino';
import type { Environment } from './environment';

const largest = 16 * 1024 * 1024;

/**
 * What the services of a laboratory have to say goes to `laboratory.log` in its home, so that progress bars stay whole; with
 * MINVAR_LOG_LEVEL set it goes to stderr instead. The file before is kept as `laboratory.log.1`.
 */
export function laboratoryLog(home: string, level: Environment['logLevel'], token: string | null): Logger {
  const secrets = token ? [token] : [];
  if (level !== null) return createLogger({ name: 'minvar', level, secrets });
  const file = join(home, 'laboratory.log');
  if ((statSync(file, { throwIfNoEntry: false })?.size ?? 0) > largest) renameSync(file, `${file}.1`);
  return createLogger({
    name: 'minvar',
    level: 'info',
    secrets,
    to: destination({ dest: file, sync: true, append: true }),
  });
}

const levels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace'] as const;

/** A line of a runner: its own log line with its level, or what something else there printed. */
export function passOn(logger: Logger, executionId: string, text: string): void {
  try {
    const { level, time: _time, pid: _pid, hostname: _hostname, msg, ...facts } = JSON.parse(text);
    const known = levels.find((l) => l === level);
    if (known) return logger[known](facts, msg);
  } catch {
    // not a log line
  }
  logger.info({ executionId }, text);
}
