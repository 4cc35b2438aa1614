import type { Execution } from '@minvar/contracts';

/**
 * Runs executions: one or more runs that share a lease and a slot. Two adapters: child processes (one machine) and Kubernetes Jobs.
 * It starts and reports; what an exit means is decided by `classifyExit` of contracts and by the head.
 */
export interface Executor {
  /** Idempotent: an execution (by id and attempt) that is already running is left alone. `NoCapacityError` when every slot is taken. */
  start(execution: Execution): Promise<void>;
  running(): Promise<readonly RunningExecution[]>;
  /** SIGTERM asks for a checkpoint and an end, SIGKILL ends at once. Nothing happens when it is not running. */
  signal(executionId: string, signal: 'SIGTERM' | 'SIGKILL'): Promise<void>;
  capacity(): Promise<Capacity>;
  /** Told once of every end, also of one that could not be started; returns how to stop listening. */
  onExit(listener: (exit: ExecutionExit) => void): () => void;
  /** Ends every execution: SIGTERM, and SIGKILL after the grace period. Resolves when all are gone. */
  stop(): Promise<void>;
}

export interface RunningExecution {
  readonly execution: Execution;
  /** slot number, null where a scheduler places */
  readonly slot: number | null;
  /** process id or Job name */
  readonly handle: string;
  readonly startedAt: Date;
}

export interface Capacity {
  readonly slots: number;
  readonly free: number;
}

export interface ExecutionExit {
  readonly execution: Execution;
  readonly code: number | null;
  readonly signal: string | null;
  /** why it could not be started, else null */
  readonly error: string | null;
}

export class NoCapacityError extends Error {
  override readonly name = 'NoCapacityError';
  constructor(readonly slots: number) {
    super(`all ${slots} slots are taken; start it when one is free`);
  }
}
