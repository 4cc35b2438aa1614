import { createHash } from 'node:crypto';
import { topics as contractTopics } from '@minvar/contracts';
import { makeFolders } from '../object-store/files';
import type { ConsumerBackend } from './consumer';
import { createConsumer } from './consumer';
import { createMembership } from './group';
import type { Consumer, EventLog, LogRecord, NewRecord, Position, TopicPartition } from './port';
import { checkSizes, CorruptRecordError, RetentionError } from './port';
import { decodeRecord, encodeRecord } from './record-bytes';
import { openTables } from './tables';
import { pause } from './waiting';

export interface TopicSettings {
  readonly partitions: number;
  /** how long records are kept; null = for ever */
  readonly retentionMs: number | null;
}

export interface LmdbEventLogOptions {
  /** folder on a local file system; made when missing */
  readonly dir: string;
  /** default: the topics of contracts. Any other topic, dead letters among them, has one partition and is kept for ever. */
  readonly topics?: ReadonlyMap<string, TopicSettings>;
  /** how often to look for what other processes have written; default 25 ms */
  readonly pollMs?: number;
  readonly now?: () => number;
}

export interface LmdbEventLog extends EventLog {
  /** Removes records older than their topic's retention; answers how many. Also done when the log is opened and every hour. */
  prune(): Promise<number>;
}

/** Records read in one go have at most this many bytes, and at least one record. */
const maxReadBytes = 8 * 1024 * 1024;

/** The event log of one machine. Several processes may open the folder at the same time, to append and to consume. See tables.ts. */
export async function createLmdbEventLog(options: LmdbEventLogOptions): Promise<LmdbEventLog> {
  const { dir, topics = contractTopics, pollMs = 25, now = Date.now } = options;
  await makeFolders(dir);
  const tables = openTables(dir);
  const partitionsOf = (topic: string): number => topics.get(topic)?.partitions ?? 1;
  for (const { key, value } of tables.topics.getRange({})) {
    if (value !== partitionsOf(key)) {
      await tables.close();
      throw new Error(
        `the event log ${dir} has ${value} partitions of ${key}, this version wants ${partitionsOf(key)}. The number is fixed for a topic: use a new version of the topic`,
      );
    }
  }

  const consumers = new Set<Consumer>();
  const waiting = new Set<() => void>();
  let seen = tables.version();
  const wake = (): void => {
    for (const tell of [...waiting]) tell();
  };
  const poll = setInterval(() => {
    const version = tables.version();
    if (version === seen) return;
    seen = version;
    wake();
  }, pollMs);
  poll.unref();
  const hourly = setInterval(() => void prune().catch(() => {}), 3_600_000);
  hourly.unref();

  const bounds = ({ topic, partition }: TopicPartition): { first: number; end: number } =>
    tables.partitions.get([topic, partition]) ?? { first: 0, end: 0 };

  /** Appends that arrive while one is being written are written together by the next one. */
  let gathered: { records: readonly NewRecord[]; resolve: (p: Position[]) => void; reject: (e: unknown) => void }[] =
    [];
  let writing: Promise<void> | null = null;

  function appendAny(records: readonly NewRecord[]): Promise<Position[]> {
    if (closed) return Promise.reject(new Error(`the event log ${dir} is closed`));
    return new Promise((resolve, reject) => {
      gathered.push({ records, resolve, reject });
      writing ??= Promise.resolve().then(writeGathered);
    });
  }

  async function writeGathered(): Promise<void> {
    while (gathered.length > 0) {
      const calls = gathered;
      gathered = [];
      try {
        const positions = await tables.change((write) => {
          const rows = new Map<string, { at: TopicPartition; first: number; end: number }>();
          const placed = calls.map((call) =>
            call.records.map((record) => {
              const at = { topic: record.topic, partition: partitionOf(record.key, partitionsOf(record.topic)) };
              const id = `${at.topic}/${at.partition}`;
              const row = rows.get(id) ?? { at, ...bounds(at) };
              rows.set(id, row);
              const position = { ...at, offset: row.end++ };
              write.put(
                tables.records,
                [at.topic, at.partition, position.offset],
                encodeRecord(record, position, now()),
              );
              return position;
            }),
          );
          for (const { at, first, end } of rows.values()) {
            write.put(tables.partitions, [at.topic, at.partition], { first, end });
            if (tables.topics.get(at.topic) === undefined) write.put(tables.topics, at.topic, partitionsOf(at.topic));
          }
          return placed;
        });
        calls.forEach((call, i) => call.resolve(positions[i]!));
        wake();
      } catch (error) {
        for (const call of calls) call.reject(error);
      }
    }
    writing = null;
  }

  function read({ topic, partition, from, limit }: TopicPartition & { from: number; limit: number }) {
    tables.refresh();
    const { first, end } = bounds({ topic, partition });
    if (from < first) throw new RetentionError({ topic, partition, offset: from }, first);
    const records: LogRecord[] = [];
    let next = from;
    let bytes = 0;
    const stop = Math.min(end, from + limit);
    for (const { key, value } of tables.records.getRange({
      start: [topic, partition, from],
      end: [topic, partition, stop],
    })) {
      if (bytes > 0 && bytes + value.length > maxReadBytes) return { records, next };
      try {
        if (key[2] !== next)
          throw new CorruptRecordError({ topic, partition, offset: next }, 'it is missing', new Uint8Array());
        records.push(decodeRecord(value, { topic, partition, offset: next }));
      } catch (error) {
        if (records.length === 0) throw error;
        return { records, next }; // those before it first
      }
      bytes += value.length;
      next += 1;
    }
    if (next < stop && records.length === 0)
      throw new CorruptRecordError({ topic, partition, offset: next }, 'it is missing', new Uint8Array());
    return { records, next };
  }

  const everyPartition = (names: readonly string[]): TopicPartition[] =>
    names.flatMap((topic) => Array.from({ length: partitionsOf(topic) }, (_, partition) => ({ topic, partition })));

  const backend: ConsumerBackend = {
    membership: (group, names) => createMembership({ tables, group, topics: names, partitionsOf }),
    read,
    bounds: (at) => {
      tables.refresh();
      return bounds(at);
    },
    offsetOf: (group, { topic, partition }) => {
      tables.refresh();
      return tables.offsets.get([group, topic, partition]) ?? null;
    },
    commit: (group, { topic, partition }, next) => tables.put(tables.offsets, [group, topic, partition], next),
    bury: async (record) => void (await appendAny([record])),
    async news(signal) {
      const told = new AbortController();
      const tell = (): void => told.abort();
      waiting.add(tell);
      signal.addEventListener('abort', tell);
      if (signal.aborted) tell();
      // Processes that die tell nobody: look again after a second in any case.
      await pause(1000, told.signal);
      waiting.delete(tell);
      signal.removeEventListener('abort', tell);
    },
  };

  async function prune(): Promise<number> {
    let removed = 0;
    for (const [topic, { retentionMs, partitions }] of topics) {
      if (retentionMs === null) continue;
      for (let partition = 0; partition < partitions; partition++) {
        let some: number;
        do {
          some = await pruneSome({ topic, partition }, now() - retentionMs);
          removed += some;
        } while (some > 0);
      }
    }
    return removed;
  }

  const pruneSome = (at: TopicPartition, before: number): Promise<number> =>
    tables.change((write) => {
      const row = bounds(at);
      let first = row.first;
      const range = {
        start: [at.topic, at.partition, first],
        end: [at.topic, at.partition, Math.min(row.end, first + 1000)],
      };
      for (const { key, value } of tables.records.getRange(range)) {
        if (timestampOf(value, { ...at, offset: key[2] }) >= before) break;
        write.remove(tables.records, key);
        first = key[2] + 1;
      }
      if (first > row.first) write.put(tables.partitions, [at.topic, at.partition], { ...row, first });
      return first - row.first;
    });

  let closed = false;
  const log: LmdbEventLog = {
    async append(records) {
      checkSizes(records);
      return records.length === 0 ? [] : appendAny(records);
    },
    consumer(consumerOptions) {
      const consumer = createConsumer(consumerOptions, backend);
      consumers.add(consumer);
      return consumer;
    },
    read: async (at) => read(at),
    begin: async (names) => everyPartition(names).map((at) => ({ ...at, offset: backend.bounds(at).first })),
    end: async (names) => everyPartition(names).map((at) => ({ ...at, offset: backend.bounds(at).end })),
    async committed(group, names) {
      return everyPartition(names).flatMap((at) => {
        const offset = backend.offsetOf(group, at);
        return offset === null ? [] : [{ ...at, offset }];
      });
    },
    async healthy() {
      if (closed) return 'the event log is closed';
      // A small write may still find room in the pages that are there: ask the disk first.
      if (tables.full()) return `no space left in ${dir} for events`;
      try {
        await tables.put(tables.offsets, ['minvar.health', '', 0], 0);
        return null;
      } catch (error) {
        return `the event log cannot be written: ${(error as Error).message}`;
      }
    },
    prune,
    async close() {
      if (closed) return;
      await Promise.all([...consumers].map((c) => c.stop()));
      closed = true;
      clearInterval(poll);
      clearInterval(hourly);
      await writing;
      await tables.close();
    },
  };
  await prune();
  return log;
}

/** The partition of a key: the same for equal keys, on every machine. */
export function partitionOf(key: string, partitions: number): number {
  return partitions === 1 ? 0 : createHash('sha256').update(key).digest().readUInt32BE(0) % partitions;
}

/** When a record was appended; a damaged one counts as old enough to go. */
function timestampOf(bytes: Buffer, at: Position): number {
  try {
    return decodeRecord(bytes, at).timestamp;
  } catch {
    return 0;
  }
}
