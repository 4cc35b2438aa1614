import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { z } from 'zod';

const levels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;

const variables = z.object({
  MINVAR_HOME: z.string().optional(),
  XDG_DATA_HOME: z.string().optional(),
  MINVAR_LOG_LEVEL: z
    .enum(levels, { error: (i) => `is '${String(i.input)}', but a log level is one of ${levels.join(', ')}` })
    .default('info'),
  MINVAR_KAFKA_BROKERS: z.never({ error: 'is set, but this release has no adapter for Kafka; unset it' }).optional(),
  MINVAR_S3_ENDPOINT: z.never({ error: 'is set, but this release has no adapter for S3; unset it' }).optional(),
});

export interface Environment {
  /** the laboratory's home: its log and its objects */
  readonly home: string;
  readonly logLevel: (typeof levels)[number];
}

/** The environment, checked; empty variables count as unset. Throws naming every bad variable. */
export function readEnvironment(env: NodeJS.ProcessEnv = process.env): Environment {
  const parsed = variables.safeParse(Object.fromEntries(Object.entries(env).filter(([, v]) => v !== '')));
  if (!parsed.success) throw new Error(parsed.error.issues.map((i) => `${i.path.join('.')} ${i.message}`).join('; '));
  const e = parsed.data;
  return {
    home: resolve(e.MINVAR_HOME ?? join(e.XDG_DATA_HOME ?? join(homedir(), '.local/share'), 'minvar')),
    logLevel: e.MINVAR_LOG_LEVEL,
  };
}
