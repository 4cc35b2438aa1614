import type { AnyEnvelope, Execution, RunHead } from '@minvar/contracts';
import { objectKeys } from '@minvar/contracts';
import type { Change, Now, RunEvent, RunEventType } from '@minvar/coordination';
import { claim, finish, release, renew, runEvent, start, terminalEvent } from '@minvar/coordination';
import type { ExecutionExit, Executor, ObjectStore, RunningExecution } from '@minvar/service-kit';
import { NoCapacityError } from '@minvar/service-kit';
import { changeHead, readHead } from '../heads';

/** How a run goes, from the head before it is claimed: `die` ends without a word, `hang` neither works nor ends until it is killed, `wait` works until it is cancelled or its executor stops, `mute` says no terminal event. */
export type Behaviour = 'succeed' | 'fail' | 'die' | 'hang' | 'wait' | 'mute' | 'no-start';

export interface InProcessRunner extends Executor {
  /** every execution that was started, in order */
  readonly started: readonly Execution[];
  /** most that ever ran at once */
  readonly most: () => number;
}

const fingerprint = {
  tensorflow: 'none',
  build: '1',
  device: 'cpu',
  deviceName: 'none',
  instructionSet: 'none',
  intraOpThreads: 1,
  interOpThreads: 1,
  deterministic: true,
} as const;
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** An executor whose runners are promises of this process. They use the production transitions and a real store and log. */
export function createInProcessRunner(at: {
  readonly store: ObjectStore;
  readonly slots: number;
  readonly send: (events: readonly AnyEnvelope[]) => Promise<void>;
  readonly now: () => Now;
  readonly behave: (head: RunHead) => Behaviour;
  readonly renewMs?: number;
}): InProcessRunner {
  const running = new Map<string, RunningExecution>();
  const listeners = new Set<(exit: ExecutionExit) => void>();
  const started: Execution[] = [];
  const works = new Set<Promise<void>>();
  const kills = new Map<string, () => void>();
  let stopping = false;
  let most = 0;

  async function work(
    execution: Execution,
  ): Promise<{ code: number | null; signal: string | null; error: string | null }> {
    const owner = `${execution.executionId}/${at.now().nonce}`;
    for (const { runId } of execution.runs) {
      if (stopping) return { code: 21, signal: null, error: null };
      const found = await readHead(at.store, runId);
      const behaviour = at.behave(found!.head);
      if (behaviour === 'no-start') return { code: null, signal: null, error: 'the program is not there' };
      const { change } = await changeHead(at.store, runId, at.now, (h, now) => claim(h, owner, now));
      if (!change.ok) continue;
      let head = change.value;
      const by = { owner, term: head.term };
      let seq = 0;
      const move = async (transition: (h: RunHead, now: Now) => Change<RunHead>): Promise<boolean> => {
        const to = (await changeHead(at.store, runId, at.now, transition)).change;
        if (to.ok) head = to.value;
        return to.ok;
      };
      const say = <T extends RunEventType>(type: T, data: Extract<RunEvent, { type: T }>['data']): Promise<void> =>
        at.send([
          runEvent<T>(type, `${runId}:${head.term}:${seq++}`, 'runner', head, at.now(), data as never) as RunEvent,
        ]);
      await say('run.claimed', { runId, owner, attempt: head.attempt });
      await move((h, now) => start(h, by, now));
      await say('run.started', { runId, attempt: head.attempt, fingerprint, totalSteps: 1, resumedFromStep: null });
      if (behaviour === 'hang') await new Promise<void>((killed) => kills.set(execution.executionId, killed));
      if (behaviour === 'die' || behaviour === 'hang') return { code: null, signal: 'SIGKILL', error: null };
      while (behaviour === 'wait' && !stopping && !head.cancelRequested) {
        await pause(at.renewMs ?? 50);
        if (!(await move((h, now) => renew(h, by, now)))) return { code: 20, signal: null, error: null };
      }
      if (behaviour === 'wait' && stopping) {
        await move((h, now) => release(h, by, now));
        return { code: 21, signal: null, error: null };
      }
      const key = objectKeys.runResult(runId, head.term);
      const result = {
        v: 1 as const,
        runId,
        specHash: head.specHash,
        datasetVersionId: 'dsv',
        fingerprints: [fingerprint],
        numericsChanged: false,
        seconds: 1,
        steps: 1,
        chunks: [],
        weights: { key: 'w', sha256: 'w', sizeBytes: 1 },
        outputs: [],
      };
      await at.store.put(key, Buffer.from(JSON.stringify(result)));
      await move((h, now) => {
        if (behaviour === 'fail')
          return finish(
            h,
            by,
            { state: 'FAILED', failure: { kind: 'NON_FINITE', message: 'loss is NaN' }, resultKey: null, seconds: 1 },
            now,
          );
        if (h.cancelRequested)
          return finish(h, by, { state: 'CANCELLED', failure: null, resultKey: null, seconds: 1 }, now);
        return finish(h, by, { state: 'SUCCEEDED', failure: null, resultKey: key, seconds: 1 }, now);
      });
      if (behaviour !== 'mute') await at.send([terminalEvent(head, result, 'runner')]);
    }
    return { code: 0, signal: null, error: null };
  }

  return {
    started,
    most: () => most,
    start: async (execution) => {
      if (running.has(execution.executionId)) return;
      if (running.size >= at.slots || stopping) throw new NoCapacityError(at.slots);
      started.push(execution);
      running.set(execution.executionId, {
        execution,
        slot: null,
        handle: execution.executionId,
        startedAt: new Date(),
      });
      most = Math.max(most, running.size);
      const done = work(execution).then((exit) => {
        running.delete(execution.executionId);
        listeners.forEach((l) => l({ execution, ...exit }));
      });
      works.add(done);
    },
    running: async () => [...running.values()],
    signal: async (executionId, signal) => {
      if (signal === 'SIGKILL') kills.get(executionId)?.();
    },
    capacity: async () => ({ slots: at.slots, free: at.slots - running.size }),
    onExit: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    stop: async () => {
      stopping = true;
      for (const kill of kills.values()) kill();
      await Promise.all(works);
    },
  };
}
