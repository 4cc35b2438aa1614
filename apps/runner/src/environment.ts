import { availableParallelism } from 'node:os';
import type { Execution, LogLevel, Servers } from '@minvar/contracts';
import {
  common,
  executionVariable,
  parseExecution,
  readVariables,
  serverProblems,
  serversOf,
  serverVariables,
  text,
  whole,
} from '@minvar/contracts';
import { z } from 'zod';

const threads = whole(1, 4096, 'a number of threads').default(availableParallelism());

const childVariables = z.object({
  TF_NUM_INTRAOP_THREADS: threads,
  TF_NUM_INTEROP_THREADS: threads,
  TF_DETERMINISTIC_OPS: z.string().default('0'),
});

export interface ChildEnvironment {
  /** threads of one operation, as TensorFlow reads them when it is loaded */
  readonly intraOpThreads: number;
  /** operations at a time */
  readonly interOpThreads: number;
  readonly deterministic: boolean;
}

/** What the supervisor set for the TensorFlow child (`tensorflowEnvironment` of libs/tf-runtime). Throws `ConfigurationError`. */
export function childEnvironment(env: NodeJS.ProcessEnv = process.env): ChildEnvironment {
  const e = readVariables(childVariables, env);
  return {
    intraOpThreads: e.TF_NUM_INTRAOP_THREADS,
    interOpThreads: e.TF_NUM_INTEROP_THREADS,
    deterministic: ['1', 'true'].includes(e.TF_DETERMINISTIC_OPS.toLowerCase()),
  };
}

const runnerVariables = z.object({
  MINVAR_HOME: common.home,
  [executionVariable]: text('the execution, which an executor sets,'),
  MINVAR_LEASE_SECONDS: common.leaseSeconds.default(30),
  MINVAR_CHECKPOINT_SECONDS: common.checkpointSeconds.default(300),
  MINVAR_LOG_LEVEL: common.logLevel.default('info'),
  ...serverVariables,
});

export interface RunnerEnvironment {
  /** the laboratory's folder: log and objects are opened beside it unless servers keep them */
  readonly home: string;
  readonly servers: Servers | null;
  readonly execution: Execution;
  readonly leaseSeconds: number;
  /** longest time between two checkpoints */
  readonly checkpointSeconds: number;
  readonly logLevel: LogLevel;
}

/** What an executor set for the supervisor. Throws `ConfigurationError`. */
export function runnerEnvironment(env: NodeJS.ProcessEnv = process.env): RunnerEnvironment {
  const e = readVariables(runnerVariables, env, serverProblems('log-and-store'));
  return {
    home: e.MINVAR_HOME,
    servers: serversOf(e),
    execution: parseExecution(e[executionVariable]),
    leaseSeconds: e.MINVAR_LEASE_SECONDS,
    checkpointSeconds: e.MINVAR_CHECKPOINT_SECONDS,
    logLevel: e.MINVAR_LOG_LEVEL,
  };
}
