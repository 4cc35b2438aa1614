import { availableParallelism } from 'node:os';
import { z } from 'zod';

const variables = z.object({
  MINVAR_HOME: z.string().min(1),
  MINVAR_SLOTS: z.coerce.number().int().min(1).max(1024).default(availableParallelism()),
  MINVAR_LEASE_SECONDS: z.coerce.number().int().min(1).max(3600).default(30),
  MINVAR_LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
  MINVAR_CACHE: z.string().min(1).optional(),
  HOME: z.string().optional(),
  PATH: z.string().optional(),
});

export interface Environment {
  /** folder of the log and the objects that the services on this machine share */
  readonly home: string;
  /** runs at a time */
  readonly slots: number;
  readonly leaseSeconds: number;
  readonly logLevel: z.infer<typeof variables>['MINVAR_LOG_LEVEL'];
  /** what runners need of this process's environment */
  readonly forRunners: Readonly<Record<string, string>>;
}

/** The trainer's settings. Throws naming every bad variable at once. */
export function readEnvironment(env: NodeJS.ProcessEnv = process.env): Environment {
  const parsed = variables.safeParse(env);
  if (!parsed.success) {
    throw new Error(
      parsed.error.issues
        .map((i) => `${i.path.join('.')} is '${env[String(i.path[0])] ?? ''}': ${i.message}`)
        .join('; '),
    );
  }
  const { MINVAR_HOME, MINVAR_SLOTS, MINVAR_LEASE_SECONDS, MINVAR_LOG_LEVEL, MINVAR_CACHE, HOME, PATH } = parsed.data;
  const given = {
    MINVAR_HOME,
    MINVAR_CACHE,
    HOME,
    PATH,
    MINVAR_LOG_LEVEL,
    MINVAR_LEASE_SECONDS: String(MINVAR_LEASE_SECONDS),
  };
  return {
    home: MINVAR_HOME,
    slots: MINVAR_SLOTS,
    leaseSeconds: MINVAR_LEASE_SECONDS,
    logLevel: MINVAR_LOG_LEVEL,
    forRunners: Object.fromEntries(Object.entries(given).filter((e): e is [string, string] => e[1] !== undefined)),
  };
}
