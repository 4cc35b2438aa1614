import type { Execution, RunHead } from '@minvar/contracts';
import { classifyExit, derivedId, isTerminal } from '@minvar/contracts';
import type { ActiveExecution, QueuedRun, Turns } from '@minvar/coordination';
import {
  dispatch,
  doomedRuns,
  failedToStart,
  isOwned,
  observe,
  ranOut,
  requeueExpired,
  takeTurns,
} from '@minvar/coordination';
import type { ExecutionExit, Executor, RunningExecution } from '@minvar/service-kit';
import { NoCapacityError } from '@minvar/service-kit';
import { queuedEvent, readRecord, terminalEventOf } from './announce';
import type { Context } from './context';
import { forEach } from './context';
import { changeHead, readHead } from './heads';
import type { LiveRun } from './run-index';
import { asQueued } from './run-index';
import { removeRun } from './runs';

export interface DispatchOptions {
  readonly executor: Executor;
  readonly leaseMs: number;
  /** executions kept ready beyond the free places; 0 for executors that hold no queue */
  readonly window: number;
  /** most runs that share one TensorFlow process */
  readonly groupLimit: number;
  /** pause before a run that crashed once is tried again */
  readonly retryMs: number;
}

export interface Dispatching {
  /** Reads the heads of all runs that the log does not know to have ended or gone. Once, before the first sweep. */
  readonly load: () => Promise<void>;
  /** One look at every run that has not ended, and everything that follows from it. For the holder of the lease only. */
  readonly sweep: () => Promise<void>;
  /** An execution ended: what it left unclaimed counts as a failed start when nothing of it was ever claimed. */
  readonly exited: (exit: ExecutionExit) => Promise<void>;
}

export function createDispatching(
  at: Context,
  { executor, leaseMs, window, groupLimit, retryMs }: DispatchOptions,
): Dispatching {
  /** 1, 2, 4 … 30 times `retryMs` */
  const backoffMs = (restarts: number): number => (restarts === 0 ? 0 : retryMs * Math.min(30, 2 ** (restarts - 1)));
  /** terms of an execution's heads when it was started: unchanged means never claimed */
  const started = new Map<string, ReadonlyMap<string, number>>();
  let turns: Turns = new Map();

  async function load(): Promise<void> {
    const open = [...at.facts.runs].filter(([, fact]) => fact.phase === 'queued' || fact.phase === 'active');
    await forEach(open, 32, async ([runId, fact]) => {
      const found = await readHead(at.store, runId);
      if (!found) return;
      // Put back by a runner while no trainer looked: the log still says that it works.
      if (found.head.state === 'QUEUED' && fact.phase === 'active') await putBack(found.head);
      else at.runs.put(found.head);
    });
    // What a deletion before this start left behind: the sweep that sees it ended removes it.
    await forEach(doomedRuns(at.facts), 32, async (runId) => {
      const found = await readHead(at.store, runId);
      if (!found) return removeRun(at, runId, at.projectId);
      at.condemned.add(runId);
      at.runs.put(found.head);
    });
  }

  /** Takes in the runs that another trainer queued: commands are shared out, the queue is whole. */
  async function adopt(): Promise<void> {
    await forEach([...at.heard], 16, async (runId) => {
      const found = await readHead(at.store, runId);
      at.heard.delete(runId);
      if (found && !at.runs.get(runId)) at.runs.put(found.head);
    });
  }

  async function sweep(): Promise<void> {
    await adopt();
    const running = await executor.running();
    const carriers = carriersOf(running);
    const carried = [...carriers.keys()].flatMap((runId) => at.runs.get(runId) ?? []);
    await forEach([...new Set([...at.runs.busy(), ...carried])], 16, (r) => look(r));
    const { slots } = await executor.capacity();
    if (running.length >= slots + window) return;
    const now = at.now().ms;
    const queue = at.runs
      .queued()
      .filter((r) => !carriers.has(r.head.runId) && r.notBeforeMs <= now)
      .map(asQueued);
    const active = running.map((e) => activeOf(e, carriers));
    const starts = dispatch({ queue, active, turns, capacity: slots, window, groupLimit });
    turns = takeTurns(turns, queue, []);
    for (const runs of starts) {
      if (!(await start(runs))) return;
      turns = takeTurns(turns, queue, runs);
    }
  }

  /** Reads one head and draws the conclusions: lease run out, put back, ended. */
  async function look(run: LiveRun): Promise<void> {
    const found = await readHead(at.store, run.head.runId);
    if (!found) return at.runs.drop(run.head.runId);
    const now = at.now();
    const watch = isOwned(found.head) ? observe(run.watch, found.etag, now.ms, leaseMs) : null;
    if (isTerminal(found.head.state)) return ended(found.head, run);
    if (isOwned(found.head) && ranOut(watch, leaseMs)) {
      const { change } = await changeHead(at.store, run.head.runId, at.now, (head, stamp) =>
        head.nonce === found.head.nonce
          ? requeueExpired(head, stamp)
          : { ok: false, because: 'it was renewed in time' },
      );
      if (!change.ok) return;
      at.logger.warn(
        { runId: run.head.runId, owner: found.head.owner, state: change.value.state },
        'a runner stopped renewing',
      );
      // Whatever it still does is in vain, and until it ends it holds a slot, and may hold the lock of the log.
      await executor.signal(executionOf(found.head.owner), 'SIGKILL');
      return change.value.state === 'QUEUED' ? putBack(change.value) : ended(change.value, { ...run, endedSweeps: 1 });
    }
    const releasedSince = found.head.state === 'QUEUED' && found.head.term > run.head.term;
    if (found.head.state === 'QUEUED' && (releasedSince || isOwned(run.head))) return putBack(found.head);
    at.runs.put(found.head, { watch });
  }

  async function putBack(head: RunHead): Promise<void> {
    await at.send([queuedEvent(head, await readRecord(at.store, head.runId), at.now().at)]);
    at.runs.put(head, { watch: null, notBeforeMs: at.now().ms + backoffMs(head.restarts) });
  }

  /** The runner that ended a run says so itself; when the log has not heard by the second look, the trainer says it. */
  async function ended(head: RunHead, run: LiveRun): Promise<void> {
    const known = at.facts.runs.get(head.runId);
    const told = known?.phase === 'terminal' && known.attempt >= head.attempt;
    if (!told && run.endedSweeps === 0) return void at.runs.put(head, { watch: null, endedSweeps: 1 });
    if (!told) await at.send([await terminalEventOf(at.store, head)]);
    at.runs.drop(head.runId);
    if (at.condemned.has(head.runId)) await removeRun(at, head.runId, head.projectId);
  }

  function activeOf(e: RunningExecution, carriers: ReadonlyMap<string, string>): ActiveExecution {
    const runs = e.execution.runs.flatMap(({ runId }) => at.runs.get(runId) ?? []);
    const mine = runs.filter((r) => carriers.get(r.head.runId) === e.execution.executionId);
    // The first run of an execution is about to be claimed: nobody else should try.
    const first = e.execution.runs[0]!.runId;
    return {
      executionId: e.execution.executionId,
      runs: mine.filter((r) => !isTerminal(r.head.state)).map(asQueued),
      unclaimed: mine.filter((r) => r.head.state === 'QUEUED' && r.head.runId !== first).map(asQueued),
    };
  }

  /** False when there is no place left. */
  async function start(runs: readonly QueuedRun[]): Promise<boolean> {
    const found = await Promise.all(runs.map(({ runId }) => readHead(at.store, runId)));
    for (const f of found) if (f) at.runs.put(f.head);
    const heads = found.flatMap((f) => (f?.head.state === 'QUEUED' ? f.head : []));
    if (heads.length === 0) return true;
    const executionId = derivedId(
      'execution',
      at.projectId,
      heads.map((h) => [h.runId, h.attempt, h.term, h.restarts]),
    );
    const execution: Execution = {
      executionId,
      projectId: at.projectId,
      attempt: heads[0]!.attempt,
      runs: heads.map(({ runId }) => ({ runId })),
    };
    started.set(executionId, new Map(heads.map((h) => [h.runId, h.term])));
    try {
      await executor.start(execution);
      at.logger.info({ executionId, runs: execution.runs.length }, 'execution started');
      return true;
    } catch (e) {
      started.delete(executionId);
      if (e instanceof NoCapacityError) return false;
      throw e;
    }
  }

  async function exited({ execution, code, signal, error }: ExecutionExit): Promise<void> {
    const terms = started.get(execution.executionId);
    started.delete(execution.executionId);
    const exit = classifyExit(code, signal);
    at.logger.info({ executionId: execution.executionId, code, signal, exit: exit.name, error }, 'execution ended');
    const found = await Promise.all(execution.runs.map(({ runId }) => readHead(at.store, runId)));
    const heads = found.flatMap((f) => f?.head ?? []);
    const untouched =
      terms !== undefined &&
      heads.length > 0 &&
      heads.every((h) => h.state === 'QUEUED' && h.term === terms.get(h.runId));
    const innocent =
      error === null && (exit.name === 'done' || exit.name === 'interrupted' || exit.name === 'lostOwnership');
    if (!untouched || innocent) return forEach(heads, 16, (h) => look(at.runs.get(h.runId) ?? at.runs.put(h)));
    const message = `its runner could not start: ${error ?? (signal ? `killed by ${signal}` : `exit code ${code ?? 'unknown'}`)}`;
    for (const h of heads) {
      const { change } = await changeHead(at.store, h.runId, at.now, (head, now) =>
        head.term === h.term
          ? failedToStart(head, { kind: 'INFRASTRUCTURE', message }, now)
          : { ok: false, because: 'it was claimed since' },
      );
      if (!change.ok) continue;
      if (isTerminal(change.value.state)) await ended(change.value, { ...at.runs.put(change.value), endedSweeps: 1 });
      else at.runs.put(change.value, { notBeforeMs: at.now().ms + backoffMs(change.value.restarts) });
    }
  }

  return { load, sweep, exited };
}

/** A runner signs as `<execution>/<nonce>`. */
const executionOf = (owner: string | null): string => owner?.split('/')[0] ?? '';

/** Which execution a run is to be found in: the one started last among those that carry it. */
function carriersOf(running: readonly RunningExecution[]): Map<string, string> {
  const carriers = new Map<string, string>();
  for (const e of [...running].sort((a, b) => a.startedAt.getTime() - b.startedAt.getTime())) {
    for (const { runId } of e.execution.runs) carriers.set(runId, e.execution.executionId);
  }
  return carriers;
}
