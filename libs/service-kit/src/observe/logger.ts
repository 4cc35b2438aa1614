import type { DestinationStream, Level, Logger } from 'pino';
import { destination, pino } from 'pino';
import { createRepeats } from './repeats';

export type { Logger } from 'pino';

export interface LoggerOptions {
  readonly name: string;
  readonly level?: Level | 'silent';
  /** values that must never appear in a line, wherever they come from: passwords and tokens of this process */
  readonly secrets?: readonly string[];
  /** default: stderr, written at once, so that the last line before a crash is there */
  readonly to?: DestinationStream;
}

const secretName =
  /token|secret|password|passwd|authorization|cookie|credential|api[-_]?key|access[-_]?key|private[-_]?key/i;
const urlPassword = /(\b[a-z][a-z0-9+.-]*:\/\/[^\s/:@]*):[^\s/@]+@/gi;
const hidden = '[hidden]';

/**
 * A pino logger: one JSON object a line. Fields named like a secret, passwords in URLs and the given secret values are hidden. Put ids into
 * child loggers: `logger.child({ runId })`. Of the many lines about a full disk one a minute is written.
 */
export function createLogger({
  name,
  level = 'info',
  secrets = [],
  to = destination({ fd: 2, sync: true }),
}: LoggerOptions): Logger {
  const values = secrets.filter((s) => s.length > 0).map((s) => JSON.stringify(s).slice(1, -1));
  const clean = (line: string): string => {
    let text = line.replace(urlPassword, `$1:${hidden}@`);
    for (const value of values) text = text.replaceAll(value, hidden);
    return text;
  };
  const repeats = createRepeats();
  const stream: DestinationStream = {
    write(line) {
      const text = repeats.pass(line);
      if (text !== null) to.write(clean(text));
    },
  };
  return pino(
    {
      name,
      level,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }), log: (fields) => hide(fields, 0) as Record<string, unknown> },
      serializers: { err: pino.stdSerializers.err },
    },
    stream,
  );
}

/** A copy in which fields named like a secret are hidden; errors and other class instances stay as they are. */
function hide(value: unknown, depth: number): unknown {
  if (Array.isArray(value)) return depth > 6 ? '[…]' : value.map((v) => hide(v, depth + 1));
  if (
    value === null ||
    typeof value !== 'object' ||
    (Object.getPrototypeOf(value) !== Object.prototype && Object.getPrototypeOf(value) !== null)
  )
    return value;
  if (depth > 6) return '{…}';
  return Object.fromEntries(
    Object.entries(value).map(([k, v]) => [
      k,
      secretName.test(k) && v !== null && v !== undefined ? hidden : hide(v, depth + 1),
    ]),
  );
}
