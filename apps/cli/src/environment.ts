import { availableParallelism, homedir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';
import { z } from 'zod';
import { UsageError } from './errors';

const whole = (min: number, max: number, what: string) =>
  z.string().transform((text, ctx) => {
    const n = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (n >= min && n <= max) return n;
    ctx.addIssue({ code: 'custom', message: `is '${text}', but ${what} is a whole number from ${min} to ${max}` });
    return z.NEVER;
  });

export const parsePort = whole(0, 65_535, 'a port (0 picks a free one)');
export const parseSlots = whole(1, 1024, 'the number of runs at a time');

const address = z.string().refine((s) => /^https?:$/.test(URL.canParse(s) ? new URL(s).protocol : ''), {
  error: (i) => `is '${String(i.input)}', but the address of a gateway looks like http://127.0.0.1:4000`,
});

const levels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;

const variables = z.object({
  MINVAR_HOME: z.string().min(1).optional(),
  MINVAR_CACHE: z.string().min(1).optional(),
  MINVAR_DATA_DIR: z.string().min(1).optional(),
  MINVAR_PORT: parsePort.optional(),
  MINVAR_HOST: z.string().min(1).optional(),
  MINVAR_SLOTS: parseSlots.optional(),
  MINVAR_TOKEN: z.string().min(1).optional(),
  MINVAR_SERVER: address.optional(),
  MINVAR_LEASE_SECONDS: whole(1, 3600, 'the lease time in seconds').optional(),
  MINVAR_LOG_LEVEL: z
    .enum(levels, { error: (i) => `is '${String(i.input)}', but a log level is one of ${levels.join(', ')}` })
    .optional(),
});

export interface Environment {
  readonly home: string;
  readonly cache: string;
  readonly dataDir: string | null;
  readonly port: number;
  readonly host: string;
  readonly slots: number;
  readonly token: string | null;
  readonly server: string | null;
  readonly leaseSeconds: number;
  /** null: not said */
  readonly logLevel: (typeof levels)[number] | null;
  /** the directory that relative paths of the command line count from */
  readonly callerDir: string;
}

const outside = {
  Kafka: ['MINVAR_KAFKA_BROKERS'],
  S3: ['MINVAR_S3_ENDPOINT', 'MINVAR_S3_BUCKET', 'MINVAR_S3_ACCESS_KEY', 'MINVAR_S3_SECRET_KEY'],
  PostgreSQL: ['MINVAR_POSTGRES_URL'],
};

/**
 * The environment, checked. Throws a UsageError with all problems at once. Empty variables count as unset. npm changes into
 * the repository before a script runs; INIT_CWD is where its caller was.
 */
export function readEnvironment(env: NodeJS.ProcessEnv = process.env, cwd: string = process.cwd()): Environment {
  const set = Object.fromEntries(Object.entries(env).filter(([, v]) => v !== undefined && v !== ''));
  const parsed = variables.safeParse(set);
  const problems = parsed.success ? [] : parsed.error.issues.map((i) => `${i.path.join('.')} ${i.message}`);
  for (const [service, names] of Object.entries(outside)) {
    const given = names.filter((n) => n in set);
    if (given.length > 0) {
      problems.push(
        `${given.join(', ')}: this release keeps everything in one home and has no adapter for ${service}; unset it`,
      );
    }
  }
  if (!parsed.success || problems.length > 0) {
    throw new UsageError(['the environment is not usable:', ...problems.map((p) => `  ${p}`)].join('\n'));
  }
  const e = parsed.data;
  const callerDir = set['npm_lifecycle_event'] === 'start' && set['INIT_CWD'] ? set['INIT_CWD'] : cwd;
  const from = (path: string) => (isAbsolute(path) ? path : resolve(callerDir, path));
  const dataHome = set['XDG_DATA_HOME'] ?? join(homedir(), '.local/share');
  return {
    home: from(e.MINVAR_HOME ?? join(dataHome, 'minvar')),
    cache: from(e.MINVAR_CACHE ?? join(homedir(), '.cache/minvar')),
    dataDir: e.MINVAR_DATA_DIR ? from(e.MINVAR_DATA_DIR) : null,
    port: e.MINVAR_PORT ?? 4000,
    host: e.MINVAR_HOST ?? '127.0.0.1',
    slots: e.MINVAR_SLOTS ?? availableParallelism(),
    token: e.MINVAR_TOKEN ?? null,
    server: e.MINVAR_SERVER ?? null,
    leaseSeconds: e.MINVAR_LEASE_SECONDS ?? 30,
    logLevel: e.MINVAR_LOG_LEVEL ?? null,
    callerDir,
  };
}

/** The environment of a service in a process of its own: this one's, with the home and folders that were found. */
export const serviceEnvironment = (e: Environment, env: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv => ({
  ...env,
  MINVAR_HOME: e.home,
  MINVAR_CACHE: e.cache,
  ...(e.dataDir ? { MINVAR_DATA_DIR: e.dataDir } : {}),
});
