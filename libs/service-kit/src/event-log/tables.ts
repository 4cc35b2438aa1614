import type { Database, Key } from 'lmdb';
import { open } from 'lmdb';
import { isFull, StorageFullError } from '../errors';
import { bytesFree } from '../room';

/*
 * Durability, also across processes. lmdb-js by default lets a commit be seen before it is on disk ("overlapping sync") and marks it
 * durable afterwards, in a place that other processes do not read. That is turned off here: LMDB then writes the pages, calls fdatasync, writes
 * the meta page through a descriptor opened with O_DSYNC, and only then publishes the transaction number that every reader, in any process,
 * begins from (mdb_env_write_meta). So whatever can be read has been flushed, no reader needs a mark of its own, and a commit that
 * fails (disk full) was never visible to anybody.
 *
 * Writing. All changes that depend on what is stored go through `change`: read, plan, and commit only if nobody changed the log in between
 * (one version number, checked inside LMDB's write lock), else plan again. No JavaScript runs while the write lock, which all
 * processes share, is held.
 */

export interface PartitionRow {
  /** offset of the first record kept */
  first: number;
  /** offset that the next record will have */
  end: number;
}

export interface MemberRow {
  /** see processes.ts */
  process: string;
  topics: readonly string[];
}

type PartitionKey = [topic: string, partition: number];
type GroupKey = [group: string, topic: string, partition: number];

export interface Tables {
  readonly records: Database<Buffer, [topic: string, partition: number, offset: number]>;
  readonly partitions: Database<PartitionRow, PartitionKey>;
  /** number of partitions, fixed by the first record */
  readonly topics: Database<number, string>;
  readonly offsets: Database<number, GroupKey>;
  readonly members: Database<MemberRow, [group: string, member: string]>;
  readonly claims: Database<string, GroupKey>;
  /** Rises with every change by any process. */
  version(): number;
  /** Makes the next reads see what other processes have written. */
  refresh(): void;
  /** Commits what `plan` puts and removes, all or nothing; resolves with its result when durable. `plan` may run more than once. */
  change<T>(plan: (write: Write) => T): Promise<T>;
  /** A put that depends on nothing. */
  put<V, K extends Key>(table: Database<V, K>, key: K, value: V): Promise<void>;
  /** Whether the disk is so full that the next write may fail. */
  full(): boolean;
  close(): Promise<void>;
}

export interface Write {
  put<V, K extends Key>(table: Database<V, K>, key: K, value: V): void;
  remove<V, K extends Key>(table: Database<V, K>, key: K): void;
}

/** Bytes that must be left before anything is written: what one commit may take, its pages of the tree included. */
const reserve = 1024 * 1024;

/** Address space, not disk: one size for all processes, so that none has to map the file anew while another one grows it. */
const mapSize = 2 ** 38;

export function openTables(dir: string): Tables {
  // A page of LMDB's lock file that the disk cannot hold ends the process (SIGBUS), since that file is mapped.
  checkRoom(dir);
  // Batching by event turn would make a promise that nobody holds; its rejection on a full disk would end the process.
  const root = open({
    path: dir,
    encoding: 'binary',
    overlappingSync: false,
    eventTurnBatching: false,
    mapSize,
    maxDbs: 8,
  });
  const json = { encoding: 'json' as const };
  const state = root.openDB<number, string>({ name: 'state', encoding: 'json', useVersions: true });
  let queue: Promise<unknown> = Promise.resolve();

  async function failed(error: unknown): Promise<never> {
    let cause = error;
    const details = (error as { commitError?: Promise<never> }).commitError;
    if (details) cause = await details.catch((e: unknown) => e);
    if (isFull(cause) || diskIsFull(dir)) throw new StorageFullError('an event', dir, { cause });
    throw cause;
  }

  async function tryChange<T>(plan: (write: Write) => T): Promise<{ done: boolean; result: T }> {
    root.resetReadTxn();
    const version = state.getEntry('log')?.version ?? null;
    const steps: (() => unknown)[] = [];
    const result = plan({
      put: (table, key, value) => steps.push(() => table.put(key, value)),
      remove: (table, key) => steps.push(() => table.remove(key)),
    });
    if (steps.length === 0) return { done: true, result };
    checkRoom(dir);
    const commit = (): void => {
      for (const step of [...steps, () => state.put('log', 0, (version ?? 0) + 1)]) {
        // When the commit fails these promises are rejected besides the one that is awaited.
        void Promise.resolve(step()).catch(() => {});
      }
    };
    const done = await (
      version === null ? state.ifNoExists('log', commit) : state.ifVersion('log', version, commit)
    ).catch(failed);
    if (done) await root.flushed;
    return { done, result };
  }

  async function change<T>(plan: (write: Write) => T): Promise<T> {
    for (;;) {
      const { done, result } = await tryChange(plan);
      if (done) return result;
    }
  }

  return {
    records: root.openDB({ name: 'records', encoding: 'binary' }),
    partitions: root.openDB({ name: 'partitions', ...json }),
    topics: root.openDB({ name: 'topics', ...json }),
    offsets: root.openDB({ name: 'offsets', ...json }),
    members: root.openDB({ name: 'members', ...json }),
    claims: root.openDB({ name: 'claims', ...json }),
    version: () => {
      root.resetReadTxn();
      return state.getEntry('log')?.version ?? 0;
    },
    refresh: () => root.resetReadTxn(),
    change(plan) {
      // One at a time within this process: they would only make each other plan again.
      const mine = queue.then(() => change(plan));
      queue = mine.catch(() => {});
      return mine;
    },
    async put(table, key, value) {
      checkRoom(dir);
      await table.put(key, value).catch(failed);
      await root.flushed;
    },
    full: () => diskIsFull(dir),
    async close() {
      await queue;
      await root.close();
    },
  };
}

/** LMDB tells the terminal of every write that the disk does not take, in several lines: so it is asked only when there is room. */
function checkRoom(dir: string): void {
  if (bytesFree(dir) < reserve) throw new StorageFullError('an event', dir);
}

/** LMDB reports a write that was cut short, which is what a full disk causes, as an input/output error. */
const diskIsFull = (dir: string): boolean => bytesFree(dir) < 4 * reserve;
