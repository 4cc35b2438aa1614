import { resolve } from 'node:path';
import type { ServiceEnvironment } from '@minvar/contracts';
import {
  common,
  readVariables,
  serverProblems,
  serviceEnvironmentOf,
  serviceVariables,
  usualFolders,
} from '@minvar/contracts';
import { z } from 'zod';

const variables = z.object({
  ...serviceVariables,
  MINVAR_CACHE: common.cache.optional(),
  MINVAR_DATA_DIR: common.dataDir.optional(),
});

export interface Environment extends ServiceEnvironment {
  /** what was downloaded, for all homes */
  readonly cache: string;
  readonly dataDir: string | null;
}

/** The settings of data-ingest. Throws `ConfigurationError`. */
export function readEnvironment(env: NodeJS.ProcessEnv = process.env): Environment {
  const e = readVariables(variables, env, serverProblems('log-and-store'));
  return {
    ...serviceEnvironmentOf(e),
    cache: resolve(e.MINVAR_CACHE ?? usualFolders(e).cache),
    dataDir: e.MINVAR_DATA_DIR === undefined ? null : resolve(e.MINVAR_DATA_DIR),
  };
}
