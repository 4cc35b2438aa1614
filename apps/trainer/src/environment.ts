import { availableParallelism } from 'node:os';
import type { ServiceEnvironment } from '@minvar/contracts';
import {
  common,
  given,
  readVariables,
  serverProblems,
  serversForRunners,
  serviceEnvironmentOf,
  serviceVariables,
} from '@minvar/contracts';
import { z } from 'zod';

const variables = z.object({
  ...serviceVariables,
  MINVAR_SLOTS: common.slots.default(availableParallelism()),
  MINVAR_LEASE_SECONDS: common.leaseSeconds.default(30),
  MINVAR_CHECKPOINT_SECONDS: common.checkpointSeconds.default(300),
  MINVAR_CACHE: common.cache.optional(),
  HOME: z.string().optional(),
  PATH: z.string().optional(),
});

export interface Environment extends ServiceEnvironment {
  /** runs at a time */
  readonly slots: number;
  readonly leaseSeconds: number;
  /** what runners need of this process's environment */
  readonly forRunners: Readonly<Record<string, string>>;
}

/** The trainer's settings. Throws `ConfigurationError`. */
export function readEnvironment(env: NodeJS.ProcessEnv = process.env): Environment {
  const e = readVariables(variables, env, serverProblems('log-and-store'));
  const service = serviceEnvironmentOf(e);
  const { MINVAR_CACHE, HOME, PATH } = e;
  return {
    ...service,
    slots: e.MINVAR_SLOTS,
    leaseSeconds: e.MINVAR_LEASE_SECONDS,
    forRunners: given({
      ...serversForRunners(env),
      MINVAR_HOME: service.home,
      MINVAR_LOG_LEVEL: service.logLevel,
      MINVAR_LEASE_SECONDS: String(e.MINVAR_LEASE_SECONDS),
      MINVAR_CHECKPOINT_SECONDS: String(e.MINVAR_CHECKPOINT_SECONDS),
      MINVAR_CACHE,
      HOME,
      PATH,
    }),
  };
}
