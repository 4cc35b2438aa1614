import { join } from 'node:path';
import { createLogFile, createLogger, tellsOfFullDisk } from '@minvar/service-kit';
import type { Logger } from '@minvar/service-kit';
import type { Environment } from './environment';

const largest = 16 * 1024 * 1024;
const tellAgainMs = 60_000;

/**
 * What the services of a laboratory have to say goes to `laboratory.log` in its home, so that progress bars stay whole; with
 * MINVAR_LOG_LEVEL set it goes to stderr instead. The file before is kept as `laboratory.log.1`. That the disk is full is for
 * whoever sits before the laboratory as well: `tell` is given one line, at most once a minute.
 */
export function laboratoryLog(
  home: string,
  level: Environment['logLevel'],
  token: string | null,
  tell: (line: string) => void = (line) => void process.stderr.write(`minvar: ${line}\n`),
): Logger {
  const secrets = token ? [token] : [];
  if (level !== null) return createLogger({ name: 'minvar', level, secrets });
  let toldMs = -Infinity;
  const tellFull = (line: string): void => {
    if (performance.now() - toldMs < tellAgainMs) return;
    toldMs = performance.now();
    const [, place = home] = /(?:no space left in|could not be written to) (\/[^\s:;"]+)/.exec(line) ?? [];
    tell(
      `no space left in ${place.startsWith(home) ? home : place}: runs wait and nothing new is accepted; free some, and all goes on by itself`,
    );
  };
  const file = join(home, 'laboratory.log');
  const log = createLogFile({
    file,
    largest,
    onTrouble: (because) => (tellsOfFullDisk(because) ? tellFull(because) : tell(because)),
  });
  const write = (line: string): void => {
    if (tellsOfFullDisk(line)) tellFull(line);
    log.write(line);
  };
  return createLogger({ name: 'minvar', level: 'info', secrets, to: { write } });
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
