import { availableParallelism } from 'node:os';
import type { Execution } from '@minvar/contracts';
import { executionVariable, parseExecution } from '@minvar/contracts';
import { z } from 'zod';

const threads = z.coerce.number().int().min(1).default(availableParallelism());

const variables = z.object({
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

/** What the supervisor set for the TensorFlow child (`tensorflowEnvironment` of libs/tf-runtime). Throws naming every bad variable. */
export function childEnvironment(env: NodeJS.ProcessEnv = process.env): ChildEnvironment {
  const parsed = variables.safeParse(env);
  if (!parsed.success) {
    throw new Error(
      parsed.error.issues.map((i) => `${i.path.join('.')} is '${env[String(i.path[0])]}': ${i.message}`).join('; '),
    );
  }
  const { TF_NUM_INTRAOP_THREADS, TF_NUM_INTEROP_THREADS, TF_DETERMINISTIC_OPS } = parsed.data;
  return {
    intraOpThreads: TF_NUM_INTRAOP_THREADS,
    interOpThreads: TF_NUM_INTEROP_THREADS,
    deterministic: ['1', 'true'].includes(TF_DETERMINISTIC_OPS.toLowerCase()),
  };
}

const runnerVariables = z.object({
  MINVAR_HOME: z.string().min(1),
  [executionVariable]: z.string().min(1),
  MINVAR_LEASE_SECONDS: z.coerce.number().int().min(1).max(3600).default(30),
  MINVAR_LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
});

export interface RunnerEnvironment {
  /** the laboratory's folder: log and objects are opened beside it */
  readonly home: string;
  readonly execution: Execution;
  readonly leaseSeconds: number;
  readonly logLevel: z.infer<typeof runnerVariables>['MINVAR_LOG_LEVEL'];
}

/** What an executor set for the supervisor. Throws naming every bad variable. */
export function runnerEnvironment(env: NodeJS.ProcessEnv = process.env): RunnerEnvironment {
  const parsed = runnerVariables.safeParse(env);
  if (!parsed.success) {
    throw new Error(
      parsed.error.issues
        .map((i) => `${i.path.join('.')} is '${env[String(i.path[0])] ?? ''}': ${i.message}`)
        .join('; '),
    );
  }
  const { MINVAR_HOME, MINVAR_LEASE_SECONDS, MINVAR_LOG_LEVEL } = parsed.data;
  return {
    home: MINVAR_HOME,
    execution: parseExecution(parsed.data[executionVariable]),
    leaseSeconds: MINVAR_LEASE_SECONDS,
    logLevel: MINVAR_LOG_LEVEL,
  };
}
