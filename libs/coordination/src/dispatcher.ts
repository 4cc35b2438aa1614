/** A queued run as the dispatcher sees it. */
export interface QueuedRun {
  readonly runId: string;
  readonly priority: number;
  /** whose turn it is: runs of one experiment and preset share a key */
  readonly shareKey: string;
  /** ISO 8601, as the head says */
  readonly queuedAt: string;
  /** runs with equal keys may share one TensorFlow process: same dataset version, same model family */
  readonly groupKey: string;
}

const older = (a: QueuedRun, b: QueuedRun): number =>
  a.queuedAt < b.queuedAt ? -1 : a.queuedAt > b.queuedAt ? 1 : a.runId < b.runId ? -1 : a.runId > b.runId ? 1 : 0;

/**
 * The queue in the order of service, at most `limit` of it: higher priority first; within it the share key with the
 * fewest runs in service (`served`, counting those ordered before), of these the one that has had the fewest turns; within it the oldest.
 */
export function dispatchOrder(
  queue: readonly QueuedRun[],
  served: ReadonlyMap<string, number>,
  limit = queue.length,
  turns: Turns = new Map(),
): QueuedRun[] {
  const levels = new Map<number, Map<string, QueuedRun[]>>();
  for (const run of queue) {
    const shares = levels.get(run.priority) ?? new Map<string, QueuedRun[]>();
    levels.set(run.priority, shares);
    const share = shares.get(run.shareKey);
    if (share) share.push(run);
    else shares.set(run.shareKey, [run]);
  }
  const counts = new Map(served);
  const order: QueuedRun[] = [];
  for (const priority of [...levels.keys()].sort((a, b) => b - a)) {
    const shares = [...levels.get(priority)!.values()].map((runs) => ({ runs: runs.sort(older), at: 0 }));
    let left = shares.filter((s) => s.at < s.runs.length);
    while (left.length > 0 && order.length < limit) {
      const best = left.reduce((a, b) => {
        const [x, y] = [a.runs[a.at]!, b.runs[b.at]!];
        const by =
          (counts.get(x.shareKey) ?? 0) - (counts.get(y.shareKey) ?? 0) ||
          (turns.get(x.shareKey) ?? 0) - (turns.get(y.shareKey) ?? 0) ||
          older(x, y);
        return by <= 0 ? a : b;
      });
      const run = best.runs[best.at++]!;
      counts.set(run.shareKey, (counts.get(run.shareKey) ?? 0) + 1);
      order.push(run);
      if (best.at === best.runs.length) left = left.filter((s) => s !== best);
    }
  }
  return order;
}

/**
 * Runs that each share key has had started while it waited, from where the others stood when it came (start-time fair queueing, Goyal, Vin & Cheng
 * 1997): with one place there is never more than one run in service, and turns alone keep a long queue from going first for ever.
 */
export type Turns = ReadonlyMap<string, number>;

/** Turns after `started` were started while `queue` waited, them included. Who waits no more is forgotten; who is new begins at the fewest turns of the others. */
export function takeTurns(turns: Turns, queue: readonly QueuedRun[], started: readonly QueuedRun[]): Turns {
  const waiting = new Set(queue.map((r) => r.shareKey));
  const known = [...turns].filter(([key]) => waiting.has(key));
  const first = known.reduce((least, [, n]) => Math.min(least, n), Infinity);
  const next = new Map([...waiting].map((key) => [key, turns.get(key) ?? (first === Infinity ? 0 : first)]));
  for (const { shareKey } of started) next.set(shareKey, (next.get(shareKey) ?? 0) + 1);
  return next;
}

/** An execution under way: its runs in order, and which of them nobody has claimed yet. */
export interface ActiveExecution {
  readonly executionId: string;
  readonly runs: readonly QueuedRun[];
  readonly unclaimed: readonly QueuedRun[];
}

export interface DispatchInput {
  /** queued runs that no active execution carries */
  readonly queue: readonly QueuedRun[];
  readonly active: readonly ActiveExecution[];
  readonly turns?: Turns;
  /** executions the executor can run at once, and how many more it may hold ready */
  readonly capacity: number;
  readonly window: number;
  /** most runs one execution carries */
  readonly groupLimit: number;
}

/**
 * The executions to start now, each a list of runs. While runs outnumber free places, runs with equal group keys share an
 * execution (TensorFlow starts once for them), but never so many that a free place stays empty. A place that would stay
 * empty takes over the unclaimed second half of the longest execution: whoever claims first has the run, the other skips it.
 */
export function dispatch(input: DispatchInput): QueuedRun[][] {
  const free = input.capacity + input.window - input.active.length;
  if (free <= 0) return [];
  const served = new Map<string, number>();
  for (const run of input.active.flatMap((e) => e.runs)) served.set(run.shareKey, (served.get(run.shareKey) ?? 0) + 1);
  const order = dispatchOrder(input.queue, served, free * input.groupLimit, input.turns);
  if (order.length === 0) return takeHalf(input);
  const size = Math.min(input.groupLimit, Math.ceil(order.length / free));
  const starts: QueuedRun[][] = [];
  for (const run of order) {
    const open = starts.find(
      (s) => s.length < size && s[0]!.groupKey === run.groupKey && s[0]!.priority === run.priority,
    );
    if (open) open.push(run);
    else if (starts.length < free) starts.push([run]);
  }
  while (starts.length < free) {
    const longest = starts.reduce((a, b) => (b.length > a.length ? b : a));
    if (longest.length < 2) break;
    starts.push(longest.splice(Math.ceil(longest.length / 2)));
  }
  return starts;
}

function takeHalf(input: DispatchInput): QueuedRun[][] {
  if (input.active.length >= input.capacity) return [];
  const longest = [...input.active].sort((a, b) => b.unclaimed.length - a.unclaimed.length)[0];
  if (!longest || longest.unclaimed.length === 0) return [];
  return [longest.unclaimed.slice(Math.floor(longest.unclaimed.length / 2))];
}
