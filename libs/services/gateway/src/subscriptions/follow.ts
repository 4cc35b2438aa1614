import { setTimeout as sleep } from 'node:timers/promises';
import type { Change, PartitionRange, ReadModel, Vector } from '@minvar/read-model';
import { partitionKey, rangesBetween, ReadModelUnavailableError } from '@minvar/read-model';
import type { Context } from '../context';
import type { Cursor } from '../cursor';
import { decodeCursor, encodeCursor } from '../cursor';
import { resync } from '../errors';

/** A message and the position of the record that it comes from; a record may bring several, told apart and ordered by `key`. */
export interface Item<E> {
  readonly topic: string;
  readonly part: number;
  readonly off: number;
  readonly key: string;
  readonly event: E;
}

export interface Feed<E> {
  readonly topics: readonly string[];
  /** topics whose records are kept for a time only, and nowhere else in the same form */
  readonly shortLived: readonly string[];
  /** whether a transaction can have brought something for this feed */
  readonly concerns: (change: Change) => boolean;
  /** what lies between two positions, in any order */
  readonly read: (ranges: readonly PartitionRange[]) => Promise<readonly Item<E>[]>;
}

/** Offsets of a partition looked through at a time, so that a long way back is not one answer. */
const stride = 2000;

/**
 * The events of a feed after a cursor (or from now on), each with the cursor to go on from: nothing is missed, nothing comes
 * twice. Throws `RESYNC` when the cursor is older than what is kept, or of another log.
 */
export async function follow<E>(
  feed: Feed<E>,
  after: string | null | undefined,
  c: Context,
): Promise<AsyncIterableIterator<E & { cursor: string }>> {
  const { readModel } = c.options;
  const start: Cursor =
    after === null || after === undefined ? { vector: c.position, within: null } : decodeCursor(after);
  if (after !== null && after !== undefined) await checkKept(start, feed, c);
  const ended = new AbortController();
  const events = generate(feed, start, readModel, ended.signal);
  const iterator: AsyncIterableIterator<E & { cursor: string }> = {
    [Symbol.asyncIterator]: () => iterator,
    next: () => events.next(),
    // `return` of a generator waits for its `next`, which may wait for an event that never comes.
    return: async () => {
      ended.abort();
      await events.return(undefined);
      return { done: true, value: undefined };
    },
  };
  return iterator;
}

async function checkKept({ vector }: Cursor, feed: Feed<unknown>, { options: { log } }: Context): Promise<void> {
  const [begins, ends] = await Promise.all([log.begin(feed.shortLived), log.end(feed.topics)]);
  for (const b of begins) {
    if ((vector.get(partitionKey(b.topic, b.partition)) ?? 0) < b.offset)
      throw resync('the cursor is older than what is kept');
  }
  for (const e of ends) {
    if ((vector.get(partitionKey(e.topic, e.partition)) ?? 0) > e.offset) throw resync('the cursor is of another log');
  }
}

async function* generate<E>(
  feed: Feed<E>,
  start: Cursor,
  readModel: ReadModel,
  signal: AbortSignal,
): AsyncGenerator<E & { cursor: string }, void, undefined> {
  const topics = new Set(feed.topics);
  const at = new Map(start.vector);
  let within = start.within;
  const wake = createWake(readModel, feed.concerns, signal);
  try {
    while (!signal.aborted) {
      const { isNews, position } = wake.take();
      const ranges = isNews
        ? rangesBetween(at, position, topics).map((r) => ({ ...r, to: Math.min(r.to, r.from + stride) }))
        : [];
      const items = ranges.length > 0 ? await untilAnswered(() => feed.read(ranges), signal) : [];
      if (signal.aborted) return;
      for (const { item, isLast } of inOrder(items)) {
        const partition = partitionKey(item.topic, item.part);
        if (at.get(partition) !== item.off || within?.partition !== partition) within = null;
        const isDelivered = within !== null && item.key <= within.done;
        at.set(partition, isLast ? item.off + 1 : item.off);
        within = isLast ? null : isDelivered ? within : { partition, done: item.key };
        if (isDelivered) continue;
        yield { ...item.event, cursor: encodeCursor({ vector: at, within }, feed.topics) };
        if (signal.aborted) return;
      }
      for (const r of ranges) at.set(partitionKey(r.topic, r.partition), r.to);
      if (!isNews) advance(at, position, topics);
      if (ranges.some((r) => r.to < (position.get(partitionKey(r.topic, r.partition)) ?? 0))) wake.again();
      else await wake.next();
    }
  } finally {
    wake.stop();
  }
}

const pauses = { firstMs: 100, longestMs: 5000 };

/** While the read model's database does not answer a subscription waits: it stands where it stood. */
async function untilAnswered<T>(read: () => Promise<readonly T[]>, signal: AbortSignal): Promise<readonly T[]> {
  for (let failures = 0; !signal.aborted; failures++) {
    try {
      return await read();
    } catch (e) {
      if (!(e instanceof ReadModelUnavailableError)) throw e;
      const ms = Math.min(pauses.longestMs, pauses.firstMs * 2 ** Math.min(failures, 10)) * (0.5 + Math.random() / 2);
      await sleep(ms, undefined, { signal }).catch(() => undefined);
    }
  }
  return [];
}

const compare = (a: string | number, b: string | number): number => (a < b ? -1 : a > b ? 1 : 0);

/** Items by position, then key; the last of a record is marked. */
function inOrder<E>(items: readonly Item<E>[]): { item: Item<E>; isLast: boolean }[] {
  const sorted = [...items].sort(
    (a, b) => compare(a.topic, b.topic) || a.part - b.part || a.off - b.off || compare(a.key, b.key),
  );
  return sorted.map((item, i) => {
    const next = sorted[i + 1];
    return { item, isLast: next?.topic !== item.topic || next.part !== item.part || next.off !== item.off };
  });
}

/** Nothing for this feed lies between: the position moves on by itself. */
function advance(at: Map<string, number>, to: Vector, topics: ReadonlySet<string>): void {
  for (const r of rangesBetween(at, to, topics)) at.set(partitionKey(r.topic, r.partition), r.to);
}

/** Collects transactions while nobody looks. The first look always finds news. */
function createWake(readModel: ReadModel, concerns: (change: Change) => boolean, signal: AbortSignal) {
  let isNews = true;
  let position: Vector = readModel.position();
  let wakeUp: (() => void) | null = null;
  const awake = () => {
    wakeUp?.();
    wakeUp = null;
  };
  const stop = readModel.onChange((change) => {
    position = change.position;
    if (change.subjects.size > 0 && !concerns(change)) return;
    isNews = true;
    awake();
  });
  signal.addEventListener('abort', awake, { once: true });
  return {
    take() {
      const taken = { isNews, position };
      isNews = false;
      return taken;
    },
    again() {
      isNews = true;
    },
    next: () =>
      new Promise<void>((resolve) => {
        if (isNews || signal.aborted) resolve();
        else wakeUp = resolve;
      }),
    stop() {
      stop();
      signal.removeEventListener('abort', awake);
    },
  };
}
