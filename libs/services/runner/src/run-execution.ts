import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Execution } from '@minvar/contracts';
import { exitCodes } from '@minvar/contracts';
import type { EventLog, ObjectStore } from '@minvar/service-kit';
import { whenThereIsRoom } from '@minvar/service-kit';
import type { ChildCommand } from './child';
import { createChildren } from './children';
import type { Clock } from './clock';
import { systemClock } from './clock';
import type { RunReport } from './supervise-run';
import { superviseRun } from './supervise-run';

export interface ExecutionOptions {
  readonly execution: Execution;
  readonly log: EventLog;
  readonly store: ObjectStore;
  /** the program that trains: see `ChildCommand` */
  readonly childCommand: ChildCommand;
  readonly leaseSeconds: number;
  /** datasets by hash, shared by all runs on this machine and kept */
  readonly cacheDir: string;
  /** checkpoints and outputs on their way to the store; an execution's folder in it is removed at the end */
  readonly scratchDir: string;
  readonly logger: {
    readonly warn: (facts: object, text: string) => void;
    readonly info: (facts: object, text: string) => void;
  };
  /** aborts on SIGTERM: checkpoint, release, exit */
  readonly stop?: AbortSignal;
  /** time for that, in seconds; default 20, after which the child is killed and the run put back as it was published */
  readonly graceSeconds?: number;
  /** shortest time without a step that counts as a hang, in seconds; default 15 minutes */
  readonly hangSeconds?: number;
  /** longest wait for a full disk to have room again before a run is tried once more, in seconds; default 30 */
  readonly roomSeconds?: number;
  /** longest time between two checkpoints, in seconds; default 5 minutes */
  readonly checkpointSeconds?: number;
  readonly clock?: Clock;
}

/** Time to put a run back after its child was killed; then the lease has to run out. */
const lastWordsMs = 5000;

/**
 * Works through an execution's runs with one training child and answers the exit code of the contract's table. First every
 * run that waits, in order; then those that somebody owned at that time, watching their leases.
 */
export async function runExecution(options: ExecutionOptions): Promise<number> {
  const { execution, leaseSeconds, clock = systemClock, logger } = options;
  const { graceSeconds = 20, hangSeconds = 15 * 60, roomSeconds = 30 } = options;
  const owner = `${execution.executionId}/${clock.now().nonce}`;
  const scratchDir = join(options.scratchDir, owner.replace('/', '-'));
  const stop = options.stop ?? new AbortController().signal;
  const leave = new AbortController();
  const children = createChildren(options.childCommand);
  let grace: NodeJS.Timeout | undefined;
  const startGrace = (): void => {
    grace = setTimeout(() => {
      children.current()?.kill();
      grace = setTimeout(() => leave.abort(), lastWordsMs);
    }, graceSeconds * 1000);
  };
  if (stop.aborted) startGrace();
  else stop.addEventListener('abort', startGrace, { once: true });

  const warn = (text: string): void => logger.warn({ executionId: execution.executionId }, text);
  const supervision = {
    ...options,
    owner,
    children,
    scratchDir,
    clock,
    stop,
    leave: leave.signal,
    leaseMs: leaseSeconds * 1000,
    hangMs: hangSeconds * 1000,
    roomMs: roomSeconds * 1000,
    warn,
  };
  const reports = new Map<string, RunReport>();
  const pass = async (runIds: readonly string[], patience: 'watch' | 'leave'): Promise<void> => {
    for (const runId of runIds) {
      if (stop.aborted) return;
      const report = await superviseRun(supervision, runId, patience);
      reports.set(runId, report);
      logger.info(
        { executionId: execution.executionId, runId, end: report.end, state: report.head?.state },
        'run left',
      );
    }
  };
  try {
    await whenThereIsRoom(() => mkdir(scratchDir, { recursive: true }), {
      signal: stop,
      onFull: (e) => warn(`making the scratch folder: ${e.message}; trying again`),
    });
    const runIds = execution.runs.map((r) => r.runId);
    await pass(runIds, 'leave');
    await pass(
      runIds.filter((id) => reports.get(id)?.end === 'busy'),
      'watch',
    );
    return stop.aborted ? exitCodes.interrupted.code : exitCodeOf([...reports.values()]);
  } finally {
    stop.removeEventListener('abort', startGrace);
    clearTimeout(grace);
    await children.close(leave.signal.aborted ? 0 : 5000);
    await rm(scratchDir, { recursive: true, force: true });
  }
}

/** One code for several runs: work that must be tried again first, then the first failure, then ownership lost. */
function exitCodeOf(reports: readonly RunReport[]): number {
  if (reports.some((r) => r.end === 'released')) return exitCodes.infrastructure.code;
  const failure = reports.map((r) => r.head?.outcome?.failure).find((f) => f != null);
  if (failure)
    return Object.values(exitCodes).find((c) => c.failure === failure.kind)?.code ?? exitCodes.infrastructure.code;
  return reports.length > 0 && reports.every((r) => r.end === 'lost' || r.end === 'busy')
    ? exitCodes.lostOwnership.code
    : exitCodes.done.code;
}
