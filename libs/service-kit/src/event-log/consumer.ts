import { deadLetterTopic } from '@minvar/contracts';
import { DeadLetterError } from './errors';
import type { LogInternals } from './lmdb';
import type { Consumer, ConsumerOptions, LogRecord, PartitionStatus } from './port';

const longestPauseMs = 10_000;

/** Full jitter on an exponential pause: callers that failed together do not come back together. */
export const pauseMs = (attempts: number): number => Math.random() * Math.min(longestPauseMs, 50 * 2 ** attempts);

const sleep = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((done) => {
    const timer = setTimeout(finish, ms);
    function finish(): void {
      clearTimeout(timer);
      signal.removeEventListener('abort', finish);
      done();
    }
    signal.addEventListener('abort', finish);
    if (signal.aborted) finish();
  });

/** One loop a topic: read, handle, commit. Every topic of this log has one partition. */
export function createConsumer(options: ConsumerOptions, internals: LogInternals): Consumer {
  const { log } = internals;
  const stop = new AbortController();
  const at = new Map<string, number>();
  const stalls = new Map<string, { because: string; attempts: number }>();
  const loops: Promise<void>[] = [];
  const external = options.offsets === 'external';

  async function start(): Promise<void> {
    for (const topic of options.topics) at.set(topic, await firstOffset(topic));
    for (const topic of options.topics) loops.push(run(topic));
  }

  async function firstOffset(topic: string): Promise<number> {
    if (!external) {
      const committed = internals.committed(options.group, topic);
      if (committed !== null) return committed;
    }
    const from = options.startFrom ?? 'earliest';
    if (from === 'earliest') return 0;
    if (from === 'latest') return (await log.end([topic]))[0]!.offset;
    return from.find((p) => p.topic === topic && p.partition === 0)?.offset ?? 0;
  }

  async function run(topic: string): Promise<void> {
    let attempts = 0;
    while (!stop.signal.aborted) {
      try {
        const batch = await log.read({ topic, partition: 0, offset: at.get(topic)! }, options.maxBatch ?? 1);
        if (batch.length === 0) {
          await internals.news(stop.signal);
          continue;
        }
        await handle(batch);
        const next = batch.at(-1)!.offset + 1;
        if (!external) await internals.commit(options.group, topic, next);
        at.set(topic, next);
        if (attempts > 0) {
          attempts = 0;
          stalls.delete(topic);
          options.onStall?.(null);
        }
      } catch (thrown) {
        const error = thrown instanceof Error ? thrown : new Error(String(thrown));
        attempts += 1;
        stalls.set(topic, { because: error.message, attempts });
        options.onStall?.({ topic, partition: 0, error, attempts });
        await sleep(pauseMs(attempts), stop.signal);
      }
    }
  }

  /** Handles a batch; records that can never be handled are set aside, the rest is tried again without them. */
  async function handle(batch: readonly LogRecord[]): Promise<void> {
    let rest = [...batch];
    while (rest.length > 0) {
      try {
        await options.handle(rest);
        return;
      } catch (error) {
        if (!(error instanceof DeadLetterError)) throw error;
        const bad = rest[error.index] ?? rest[0]!;
        await log.append([
          {
            topic: deadLetterTopic(options.group),
            key: bad.key,
            value: bad.value,
            headers: {
              ...bad.headers,
              dead_topic: bad.topic,
              dead_partition: String(bad.partition),
              dead_offset: String(bad.offset),
              dead_because: error.message.slice(0, 2000),
            },
          },
        ]);
        rest = rest.filter((r) => r !== bad);
      }
    }
  }

  return {
    start,
    async stop() {
      stop.abort();
      await Promise.all(loops);
    },
    async status() {
      const ends = await log.end(options.topics);
      return ends.map((end): PartitionStatus => {
        const offset = at.get(end.topic) ?? 0;
        return { topic: end.topic, partition: 0, offset, end: end.offset, lag: end.offset - offset, stalled: stalls.get(end.topic) ?? null };
      });
    },
    async caughtUp() {
      const ends = await log.end(options.topics);
      while (!stop.signal.aborted && ends.some((e) => (at.get(e.topic) ?? 0) < e.offset)) await sleep(5, stop.signal);
    },
  };
}
