import { deadLetterTopic } from '@minvar/contracts';
import { isFull } from '../errors';
import type { Membership } from './group';
import { partitionKey } from './group';
import type {
  Consumer,
  ConsumerOptions,
  DeadLetterReason,
  LogRecord,
  NewRecord,
  PartitionStatus,
  TopicPartition,
} from './port';
import { CorruptRecordError, DeadLetterError, RetentionError } from './port';
import { backoffMs, createSlots, pause } from './waiting';

/** What the consumer loop needs of a log. */
export interface ConsumerBackend {
  membership(group: string, topics: readonly string[]): Membership;
  read(at: TopicPartition & { from: number; limit: number }): { records: readonly LogRecord[]; next: number };
  bounds(at: TopicPartition): { first: number; end: number };
  offsetOf(group: string, at: TopicPartition): number | null;
  commit(group: string, at: TopicPartition, next: number): Promise<void>;
  /** appends without the limit on size: the headers that say why come on top of the record's own */
  bury(record: NewRecord): Promise<void>;
  /** resolves when something may have changed, or soon */
  news(signal: AbortSignal): Promise<void>;
}

interface Owned extends TopicPartition {
  next: number;
  committed: number | null;
  failures: number;
  because: string | null;
  busy: boolean;
  /** up to here records are handed out one by one, to find the one that cannot be handled */
  singleUntil: number;
  /** the record that is in the dead-letter topic already */
  buried: number | null;
  readonly stop: AbortController;
  done: Promise<void>;
}

export function createConsumer(options: ConsumerOptions, backend: ConsumerBackend): Consumer {
  const { group, topics, maxBatch = 200, backoffMs: limits = { first: 100, longest: 10_000 } } = options;
  const membership = backend.membership(group, topics);
  const owned = new Map<string, Owned>();
  /** claims of this member that it does not serve: its stored offset could not be had, or giving it up could not be written */
  const unserved = new Map<string, TopicPartition>();
  const slots = createSlots(options.concurrency ?? 1);
  let stopping = new AbortController();
  let coordination: Promise<void> | null = null;
  let started = false;
  let resumed: { promise: Promise<void>; resolve: () => void } | null = null;
  const idle: (() => void)[] = [];

  async function giveUp(at: TopicPartition): Promise<void> {
    await membership.release(at);
    unserved.delete(partitionKey(at));
  }

  /** Takes and gives up partitions as members come and go. */
  async function coordinate(): Promise<void> {
    const wanted = new Map(membership.assigned().map((p) => [partitionKey(p), p]));
    for (const [key, p] of owned) if (!wanted.has(key)) p.stop.abort();
    for (const [key, at] of unserved) if (!wanted.has(key)) await giveUp(at);
    const missing = [...wanted].filter(([key]) => !owned.has(key)).map(([, p]) => p);
    if (missing.length === 0) return;
    const got = await membership.claim(missing);
    if (got.length === 0) return;
    for (const at of got) unserved.set(partitionKey(at), at);
    const stored = options.storedOffsets ? await options.storedOffsets(got) : null;
    for (const at of got) {
      const committed = backend.offsetOf(group, at);
      const mine = stored?.find((s) => s.topic === at.topic && s.partition === at.partition)?.offset;
      const { first, end } = backend.bounds(at);
      const fresh = options.startFrom === 'latest' ? end : first;
      const next = stored ? (mine ?? first) : (committed ?? fresh);
      const p: Owned = {
        ...at,
        ...{ next, committed, failures: 0, because: null, busy: false, singleUntil: -1, buried: null },
        ...{ stop: new AbortController(), done: Promise.resolve() },
      };
      owned.set(partitionKey(at), p);
      unserved.delete(partitionKey(at));
      p.done = serve(p).finally(async () => {
        owned.delete(partitionKey(at));
        unserved.set(partitionKey(at), at);
        await giveUp(at).catch((error: unknown) => options.onError?.(error, { ...at, offset: p.next }));
      });
    }
  }

  async function coordinateForEver(): Promise<void> {
    let failures = 0;
    while (!stopping.signal.aborted) {
      await (failures === 0 ? backend.news(stopping.signal) : pause(backoffMs(failures, limits), stopping.signal));
      if (stopping.signal.aborted) return;
      try {
        await coordinate();
        failures = 0;
      } catch (error) {
        failures += 1;
        options.onError?.(error, { topic: topics[0] ?? '', partition: 0, offset: 0 });
      }
    }
  }

  async function serve(p: Owned): Promise<void> {
    while (!p.stop.signal.aborted) {
      try {
        if (resumed) await Promise.race([resumed.promise, aborted(p.stop.signal)]);
        // A group that begins at the end has seen all there was, were it nothing: that is to be remembered.
        else if (p.committed !== p.next && (p.committed !== null || p.next > 0 || options.startFrom === 'latest'))
          await commit(p);
        else if (!(await step(p))) await backend.news(p.stop.signal);
        if (p.committed === p.next) [p.failures, p.because] = [0, null];
      } catch (error) {
        if (p.stop.signal.aborted) break;
        p.failures += 1;
        p.because = error instanceof Error ? error.message : String(error);
        options.onError?.(error, { topic: p.topic, partition: p.partition, offset: p.next });
        await pause(backoffMs(p.failures, limits), p.stop.signal);
      }
    }
    if (p.committed !== p.next && p.next > 0) {
      await commit(p).catch((error: unknown) =>
        options.onError?.(error, { topic: p.topic, partition: p.partition, offset: p.next }),
      );
    }
  }

  async function commit(p: Owned): Promise<void> {
    const next = p.next;
    await backend.commit(group, p, next);
    p.committed = next;
  }

  /** Reads and handles one batch; false when there is nothing to read. */
  async function step(p: Owned): Promise<boolean> {
    const limit = p.next <= p.singleUntil ? 1 : maxBatch;
    let batch;
    try {
      batch = backend.read({ topic: p.topic, partition: p.partition, from: p.next, limit });
    } catch (error) {
      if (error instanceof CorruptRecordError) {
        await bury(
          p,
          { ...error.at, key: '', headers: {}, value: error.found, timestamp: 0 },
          'corrupt',
          error.message,
        );
        p.next = error.at.offset + 1;
        return true;
      }
      if (!(error instanceof RetentionError)) throw error;
      // The group slept longer than records are kept: what is left of them is all there is.
      options.onError?.(error, error.at);
      p.next = error.first;
      return true;
    }
    const { records, next } = batch;
    if (records.length === 0) return false;
    await slots.run(() => handle(p, records, next));
    return true;
  }

  async function handle(p: Owned, records: readonly LogRecord[], next: number): Promise<void> {
    if (p.stop.signal.aborted || resumed) return;
    p.busy = true;
    try {
      await options.onBatch({ topic: p.topic, partition: p.partition, records, signal: p.stop.signal });
      p.next = next;
    } catch (error) {
      if (!(error instanceof DeadLetterError)) throw error;
      if (records.length > 1) {
        p.singleUntil = records.at(-1)!.offset;
      } else {
        await bury(p, records[0]!, error.reason, error.message);
        p.next = next;
      }
    } finally {
      p.busy = false;
      for (const tell of idle.splice(0)) tell();
    }
  }

  async function bury(p: Owned, record: LogRecord, reason: DeadLetterReason, message: string): Promise<void> {
    if (p.buried !== record.offset) {
      const why = {
        dead_reason: reason,
        dead_message: message.slice(0, 1000),
        dead_consumer: options.consumer,
        dead_group: group,
      };
      const where = {
        dead_topic: record.topic,
        dead_partition: String(record.partition),
        dead_offset: String(record.offset),
      };
      const { key, value } = record;
      await backend.bury({
        topic: deadLetterTopic(options.consumer),
        key,
        value,
        headers: { ...record.headers, ...where, ...why },
      });
      p.buried = record.offset;
    }
    await options.onDeadLetter?.(record, reason, message);
  }

  const anyBusy = (): boolean => [...owned.values()].some((p) => p.busy);

  return {
    async start() {
      if (started) return;
      stopping = new AbortController();
      await membership.join();
      await coordinate();
      started = true;
      coordination = coordinateForEver();
    },
    async stop() {
      if (!started) return;
      started = false;
      stopping.abort();
      await coordination;
      for (const p of owned.values()) p.stop.abort();
      await Promise.all([...owned.values()].map((p) => p.done));
      // Without room the row of this member stays, and counts for nothing once its process has ended.
      await membership.leave().catch((error: unknown) => {
        if (!isFull(error)) throw error;
      });
    },
    ready: () => started && [...owned.values()].every((p) => p.failures === 0),
    status: () =>
      [...owned.values()].map((p): PartitionStatus => ({
        topic: p.topic,
        partition: p.partition,
        state: resumed ? 'paused' : p.failures > 0 ? 'retrying' : 'running',
        next: p.next,
        lag: Math.max(0, backend.bounds(p).end - p.next),
        failures: p.failures,
        because: p.because,
      })),
    async pause() {
      if (!resumed) {
        let resolve = (): void => {};
        const promise = new Promise<void>((r) => (resolve = r));
        resumed = { promise, resolve };
      }
      while (anyBusy()) await new Promise<void>((tell) => idle.push(tell));
    },
    resume() {
      resumed?.resolve();
      resumed = null;
    },
  };
}

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((done) => (signal.aborted ? done() : signal.addEventListener('abort', () => done(), { once: true })));
