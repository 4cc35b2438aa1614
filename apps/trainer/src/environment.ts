import { availableParallelism } from 'node:os';
import type { LogLevel } from '@minvar/contracts';
import { common, given, readVariables } from '@minvar/contracts';
import { z } from 'zod';

const variables = z.object({
  MINVAR_HOME: common.home,
  MINVAR_SLOTS: common.slots.default(availableParallelism()),
  MINVAR_LEASE_SECONDS: common.leaseSeconds.default(30),
  MINVAR_LOG_LEVEL: common.logLevel.default('info'),
  MINVAR_CACHE: common.cache.optional(),
  MINVAR_KAFKA_BROKERS: common.kafka,
  MINVAR_S3_ENDPOINT: common.s3,
  HOME: z.string().optional(),
  PATH: z.string().optional(),
});

export interface Environment {
  /** folder of the log and the objects that the services on this machine share */
  readonly home: string;
  /** runs at a time */
  readonly slots: number;
  readonly leaseSeconds: number;
  readonly logLevel: LogLevel;
  /** what runners need of this process's environment */
  readonly forRunners: Readonly<Record<string, string>>;
}

/** The trainer's settings. Throws `ConfigurationError`. */
export function readEnvironment(env: NodeJS.ProcessEnv = process.env): Environment {
  const e = readVariables(variables, env);
  const { MINVAR_HOME, MINVAR_CACHE, MINVAR_LOG_LEVEL, HOME, PATH } = e;
  const MINVAR_LEASE_SECONDS = String(e.MINVAR_LEASE_SECONDS);
  return {
    home: MINVAR_HOME,
    slots: e.MINVAR_SLOTS,
    leaseSeconds: e.MINVAR_LEASE_SECONDS,
    logLevel: MINVAR_LOG_LEVEL,
    forRunners: given({ MINVAR_HOME, MINVAR_CACHE, HOME, PATH, MINVAR_LOG_LEVEL, MINVAR_LEASE_SECONDS }),
  };
}
