import { open as openFile } from 'node:fs/promises';
import { join } from 'node:path';
import { open } from 'lmdb';
import { createConsumer } from './consumer';
import { isStorageFull, RecordTooLargeError, RetentionError, StorageFullError } from './errors';
import type { EventLog, LogRecord, NewRecord, Position } from './port';
import { maxRecordBytes } from './port';
import { decodeRecord, encodeRecord } from './record-bytes';

/** What the consumer loop needs besides the port: offsets of groups and a way to wait for news. */
export interface LogInternals {
  readonly log: EventLog;
  committed(group: string, topic: string): number | null;
  commit(group: string, topic: string, offset: number): Promise<void>;
  /** resolves when something may have been appended, at the latest after the poll interval */
  news(signal: AbortSignal): Promise<void>;
}

/**
 * The event log of one machine: LMDB in a folder, one partition a topic, opened by several processes at once.
 *
 * Durability. LMDB shows a commit to other processes before it is on disk. A writer is answered only after its own flush.
 * A reader that sees records nobody in its process has flushed syncs the file itself before handing them on, so no
 * consumer acts on a record that a power cut could still take back.
 */
export async function createLmdbEventLog({ dir, pollMs = 25, now = Date.now }: { dir: string; pollMs?: number; now?: () => number }): Promise<EventLog> {
  const root = open({ path: dir, noSubdir: false, maxDbs: 8, encoding: 'binary', cache: false });
  const records = root.openDB<Buffer, [string, number]>({ name: 'records', encoding: 'binary' });
  const ends = root.openDB<number, string>({ name: 'ends', encoding: 'json' });
  const groups = root.openDB<number, [string, string]>({ name: 'groups', encoding: 'json' });
  const dataFile = await openFile(join(dir, 'data.mdb'), 'r');

  const durable = new Map<string, number>();
  const waiting = new Set<() => void>();
  const wake = (): void => {
    for (const w of waiting) w();
    waiting.clear();
  };
  let closed = false;
  let pendingSync: Promise<void> | null = null;

  const visibleEnd = (topic: string): number => {
    root.resetReadTxn();
    return ends.get(topic) ?? 0;
  };

  async function durableEnd(topic: string): Promise<number> {
    const end = visibleEnd(topic);
    if (end > (durable.get(topic) ?? 0)) {
      pendingSync ??= dataFile.datasync().finally(() => {
        pendingSync = null;
      });
      const shared = pendingSync;
      await shared;
      // A sync that was under way when we looked may have begun before the record was written: one of our own settles it.
      if (visibleEnd(topic) >= end && (durable.get(topic) ?? 0) < end) await dataFile.datasync();
      durable.set(topic, Math.max(durable.get(topic) ?? 0, end));
    }
    return durable.get(topic) ?? 0;
  }

  async function append(batch: readonly NewRecord[]): Promise<Position[]> {
    for (const r of batch) {
      const size = r.value.length + JSON.stringify(r.headers).length;
      if (size > maxRecordBytes) throw new RecordTooLargeError(r.topic, size, maxRecordBytes);
    }
    if (batch.length === 0) return [];
    try {
      const positions = await root.transaction(() => {
        const next = new Map<string, number>();
        const placed = batch.map((r): Position => {
          const offset = next.get(r.topic) ?? ends.get(r.topic) ?? 0;
          next.set(r.topic, offset + 1);
          void records.put([r.topic, offset], encodeRecord(r, now()));
          return { topic: r.topic, partition: 0, offset };
        });
        for (const [topic, end] of next) void ends.put(topic, end);
        return placed;
      });
      await root.flushed;
      for (const p of positions) durable.set(p.topic, Math.max(durable.get(p.topic) ?? 0, p.offset + 1));
      wake();
      return positions;
    } catch (error) {
      if (isStorageFull(error)) throw new StorageFullError(`the event log (${dir})`, error);
      throw error;
    }
  }

  async function read(from: Position, limit: number): Promise<LogRecord[]> {
    const end = await durableEnd(from.topic);
    if (from.offset >= end) return [];
    const found: LogRecord[] = [];
    for (const { key, value } of records.getRange({ start: [from.topic, from.offset], end: [from.topic, Math.min(end, from.offset + limit)] })) {
      const offset = key[1];
      if (found.length === 0 && offset > from.offset) throw new RetentionError(from, offset);
      found.push(decodeRecord(Buffer.from(value), { topic: from.topic, partition: 0, offset }));
    }
    if (found.length === 0) throw new RetentionError(from, end);
    return found;
  }

  const log: EventLog = {
    append,
    read,
    end: (topics) => Promise.all(topics.map(async (topic) => ({ topic, partition: 0, offset: await durableEnd(topic) }))),
    consumer: (options) => createConsumer(options, internals),
    async close() {
      if (closed) return;
      closed = true;
      wake();
      await root.flushed;
      await root.close();
      await dataFile.close();
    },
  };

  const internals: LogInternals = {
    log,
    committed: (group, topic) => {
      root.resetReadTxn();
      return groups.get([group, topic]) ?? null;
    },
    commit: async (group, topic, offset) => {
      try {
        await groups.put([group, topic], offset);
        await root.flushed;
      } catch (error) {
        if (isStorageFull(error)) throw new StorageFullError(`the event log (${dir})`, error);
        throw error;
      }
    },
    news: (signal) =>
      new Promise((done) => {
        const finish = (): void => {
          clearTimeout(timer);
          waiting.delete(finish);
          signal.removeEventListener('abort', finish);
          done();
        };
        const timer = setTimeout(finish, pollMs);
        waiting.add(finish);
        signal.addEventListener('abort', finish);
        if (signal.aborted) finish();
      }),
  };
  return log;
}
