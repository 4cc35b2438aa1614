import type { RunHead } from '@minvar/contracts';
import type { LeaseWatch, QueuedRun } from '@minvar/coordination';

/** A run that has not ended, as the dispatcher last saw it. A cache of heads: rebuilt from log and store at every start. */
export interface LiveRun {
  readonly head: RunHead;
  readonly groupKey: string;
  readonly watch: LeaseWatch | null;
  /** no sooner than this (monotonic ms) after a crash */
  readonly notBeforeMs: number;
  /** sweeps that found the head ended while the log did not say so */
  readonly endedSweeps: number;
}

export interface RunIndex {
  readonly queued: () => readonly LiveRun[];
  /** those that are not in the queue: few, however long that is */
  readonly busy: () => readonly LiveRun[];
  readonly get: (runId: string) => LiveRun | undefined;
  /** Takes a head that was read or written; keeps what is known beside it. */
  readonly put: (head: RunHead, more?: Partial<Omit<LiveRun, 'head'>>) => LiveRun;
  readonly drop: (runId: string) => void;
}

export function createRunIndex(groupKeyOf: (runId: string) => string): RunIndex {
  const runs = new Map<string, LiveRun>();
  const busy = new Map<string, LiveRun>();
  return {
    queued: () => [...runs.values()].filter((r) => r.head.state === 'QUEUED'),
    busy: () => [...busy.values()],
    get: (runId) => runs.get(runId),
    put: (head, more = {}) => {
      const known = runs.get(head.runId);
      if (known && known.head.counter > head.counter) return known;
      const fresh = { groupKey: groupKeyOf(head.runId), watch: null, notBeforeMs: 0, endedSweeps: 0 };
      const run = { ...fresh, ...known, ...more, head };
      runs.set(head.runId, run);
      if (head.state === 'QUEUED') busy.delete(head.runId);
      else busy.set(head.runId, run);
      return run;
    },
    drop: (runId) => {
      runs.delete(runId);
      busy.delete(runId);
    },
  };
}

export const asQueued = ({ head, groupKey }: LiveRun): QueuedRun => ({
  runId: head.runId,
  priority: head.priority,
  shareKey: head.shareKey,
  queuedAt: head.queuedAt,
  groupKey,
});
