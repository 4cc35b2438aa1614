import { availableParallelism } from 'node:os';
import { isAbsolute, resolve } from 'node:path';
import type { LogLevel, Servers } from '@minvar/contracts';
import {
  common,
  ConfigurationError,
  given,
  readVariables,
  serverProblems,
  serversForRunners,
  serversOf,
  serverVariables,
  text,
  usualFolders,
} from '@minvar/contracts';
import { z } from 'zod';
import { UsageError } from './errors';

export const parsePort = common.port;
export const parseSlots = common.slots;

const address = z.string().refine((s) => /^https?:$/.test(URL.canParse(s) ? new URL(s).protocol : ''), {
  error: 'the address of a gateway looks like http://127.0.0.1:4000',
});

const variables = z.object({
  MINVAR_HOME: common.home.optional(),
  MINVAR_CACHE: common.cache.optional(),
  MINVAR_DATA_DIR: common.dataDir.optional(),
  MINVAR_PORT: common.port.default(4000),
  MINVAR_HOST: common.host.default('127.0.0.1'),
  MINVAR_SLOTS: common.slots.default(availableParallelism()),
  MINVAR_TOKEN: text('a token').optional(),
  MINVAR_SERVER: address.optional(),
  MINVAR_LEASE_SECONDS: common.leaseSeconds.default(30),
  MINVAR_CHECKPOINT_SECONDS: common.checkpointSeconds.default(300),
  MINVAR_LOG_LEVEL: common.logLevel.optional(),
  ...serverVariables,
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
  /** a run writes a checkpoint at least so often */
  readonly checkpointSeconds: number;
  /** what keeps log, objects and read model instead of the home; null: the home does */
  readonly servers: Servers | null;
  /** the variables by which runners find them */
  readonly serversForRunners: Readonly<Record<string, string>>;
  /** null: not said */
  readonly logLevel: LogLevel | null;
  /** the directory that relative paths of the command line count from */
  readonly callerDir: string;
}

/**
 * The environment, checked. Throws a UsageError with all problems at once. Empty variables count as unset. npm changes into
 * the repository before a script runs; INIT_CWD is where its caller was.
 */
export function readEnvironment(env: NodeJS.ProcessEnv = process.env, cwd: string = process.cwd()): Environment {
  const set = given(env);
  let e;
  try {
    e = readVariables(variables, env, serverProblems('read-model'));
  } catch (error) {
    throw error instanceof ConfigurationError ? new UsageError(error.message, { cause: error }) : error;
  }
  const callerDir = set['npm_lifecycle_event'] === 'start' && set['INIT_CWD'] ? set['INIT_CWD'] : cwd;
  const from = (path: string) => (isAbsolute(path) ? path : resolve(callerDir, path));
  const usual = usualFolders(set);
  return {
    home: from(e.MINVAR_HOME ?? usual.home),
    cache: from(e.MINVAR_CACHE ?? usual.cache),
    dataDir: e.MINVAR_DATA_DIR ? from(e.MINVAR_DATA_DIR) : null,
    port: e.MINVAR_PORT,
    host: e.MINVAR_HOST,
    slots: e.MINVAR_SLOTS,
    token: e.MINVAR_TOKEN ?? null,
    server: e.MINVAR_SERVER ?? null,
    leaseSeconds: e.MINVAR_LEASE_SECONDS,
    checkpointSeconds: e.MINVAR_CHECKPOINT_SECONDS,
    servers: serversOf(e),
    serversForRunners: serversForRunners(set),
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
