import { randomBytes } from 'node:crypto';
import { topics as allTopics } from '@minvar/contracts';
import type { Kysely } from 'kysely';
import type { Batch, Consumer, EventLog, LogRecord, Position } from '@minvar/service-kit';
import type { Database } from './database/open';
import { openPglite } from './database/open';
import { applyEvents, skipRecord } from './fold/apply-events';
import { decodeRecords } from './decode';
import { createNotifier } from './notifier';
import type { Change } from './notifier';
import type { Vector } from './position';
import { parsePartitionKey, partitionKey } from './position';
import { createQueries } from './queries';
import type { Queries } from './queries';
import type { ReadChunks } from './rebuild';
import { foldAnew, isShortLived, lacksPoints, restoreCurves } from './rebuild';
import { rowsHash } from './rows-hash';
import { engineName } from './database/engine';
import { schemaVersion } from './schema/migrations';
import type { Tables } from './schema/tables';
import { createSnapshots } from './snapshot';

export interface ReadModelOptions {
  /** PGlite in a thread: `workerUrl` is the bundled worker program, `dir` keeps snapshots */
  readonly database: { readonly kind: 'pglite'; readonly workerUrl: URL; readonly dir: string };
  readonly log: EventLog;
  /** points of a run's stored chunks, for rebuilds after the metrics topic has been cut */
  readonly readChunks?: ReadChunks;
  /** names the consumer group; each gateway process of an embedded laboratory has its own read model */
  readonly consumer?: string;
  /** a snapshot is taken after so many events, and at stop */
  readonly snapshotEvery?: number;
  readonly onNotice?: (message: string) => void;
  /** told of every SQL statement */
  readonly onStatement?: (sql: string) => void;
}

export interface RebuildReport {
  /** SHA-256 over rows ordered by key, of the old and of the new fold of the same events */
  readonly before: string;
  readonly after: string;
  readonly events: number;
}

export interface ReadModel {
  readonly queries: Queries;
  /** Loads the last snapshot or folds from the beginning; resolves when caught up with the log's end at the time of the call. */
  start(): Promise<void>;
  /** Stops following, takes a snapshot, closes the database. */
  stop(): Promise<void>;
  /** Caught up once, and following. */
  ready(): boolean;
  /** How far the fold is: the next offset of every partition. */
  position(): Vector;
  /** Resolves when the records at these positions are folded in; rejects after `timeoutMs`. */
  reached(positions: readonly Position[], timeoutMs?: number): Promise<void>;
  /** Called after each transaction with what it was about. Returns the way to stop it. */
  onChange(listener: (change: Change) => void): () => void;
  /** A new generation beside the old, from the first event on, then swapped in. */
  rebuild(): Promise<RebuildReport>;
  /** Hash of the rows as they are. */
  hash(): Promise<string>;
}

const topics = [...allTopics.keys()];
/** Bytes of points and log lines that one transaction takes at most, so that questions and commands need not wait long behind it. */
const transactionBytes = 256 * 1024;

/** Records in order, in parts of about that many bytes. */
function partsOf(records: readonly LogRecord[]): LogRecord[][] {
  const parts: LogRecord[][] = [];
  let bytes = Infinity;
  for (const r of records) {
    if (bytes + r.value.byteLength > transactionBytes) {
      parts.push([]);
      bytes = 0;
    }
    parts.at(-1)!.push(r);
    bytes += r.value.byteLength;
  }
  return parts;
}

const newGeneration = (): string => `generation_${randomBytes(4).toString('hex')}`;

/** Follows the log and answers questions about it. Everything in it can be had again from the log. */
export function createReadModel(options: ReadModelOptions): ReadModel {
  const { log, database, onNotice = () => undefined, snapshotEvery = 50_000 } = options;
  const snapshots = createSnapshots(database.dir, { schema: schemaVersion, engine: engineName });
  const notifier = createNotifier();
  let engine: Database | null = null;
  let current: Kysely<Tables> | null = null;
  let generation = '';
  let consumers: readonly Consumer[] = [];
  let caughtUp = false;
  let sinceSnapshot = 0;
  let saving: Promise<void> | null = null;
  let rebuilding: Promise<RebuildReport> | null = null;

  const opened = (): Kysely<Tables> => {
    if (!current) throw new Error('the read model is not started');
    return current;
  };
  const queries = createQueries(() => opened());

  async function storedPositions(): Promise<Position[]> {
    const rows = await opened().selectFrom('offsets').selectAll().where('generation', '=', generation).execute();
    return rows.map((r) => ({ topic: r.topic, partition: r.part, offset: Number(r.next) }));
  }

  async function open(): Promise<void> {
    const loaded = await snapshots.load();
    if ('snapshot' in loaded) {
      try {
        engine = await openPglite(database.workerUrl, loaded.snapshot.dump, options.onStatement);
        generation = loaded.snapshot.generation;
        current = await engine.generation(generation);
        if (await isOfThisLog()) return;
        onNotice(
          'the read model’s snapshot is ahead of the log: it belongs to another one; folding the log from the beginning',
        );
        await engine.close();
      } catch (e) {
        onNotice(
          `the read model’s snapshot cannot be opened (${(e as Error).message}); folding the log from the beginning`,
        );
      }
      await snapshots.discard();
    } else if (loaded.because !== 'there is none') {
      onNotice(`the read model’s snapshot is not used: ${loaded.because}; folding the log from the beginning`);
    }
    engine = await openPglite(database.workerUrl, null, options.onStatement);
    generation = newGeneration();
    current = await engine.generation(generation);
  }

  async function isOfThisLog(): Promise<boolean> {
    const ends = new Map((await log.end(topics)).map((p) => [partitionKey(p.topic, p.partition), p.offset]));
    return (await storedPositions()).every((p) => p.offset <= (ends.get(partitionKey(p.topic, p.partition)) ?? 0));
  }

  async function save(): Promise<void> {
    sinceSnapshot = 0;
    try {
      // The name is read in the same turn of the line as the dump begins.
      const dumped = engine!.dump();
      const of = generation;
      await snapshots.save({ generation: of, dump: await dumped });
    } catch (e) {
      onNotice(`no snapshot of the read model: ${(e as Error).message}`);
    }
  }

  function saveSoon(events: number): void {
    sinceSnapshot += events;
    if (sinceSnapshot < snapshotEvery || saving) return;
    saving = save().finally(() => (saving = null));
  }

  async function apply(db: Kysely<Tables>, records: readonly LogRecord[]): Promise<void> {
    const decoded = decodeRecords(records);
    const { events } = await applyEvents(db, generation, decoded);
    notifier.applied(decoded);
    saveSoon(events);
  }

  /**
   * Two consumers: a flood of points and log lines, which are folded in small transactions that let others go first, holds up
   * neither commands and events nor questions.
   * A snapshot may be behind what a group had read, and a group's offset goes back in no log: every start has its own.
   */
  async function follow(): Promise<void> {
    const name = options.consumer ?? 'gateway';
    const group = `${name}-${generation}-${randomBytes(4).toString('hex')}`;
    const consumerOf = (group: string, of: readonly string[], onBatch: (batch: Batch) => Promise<void>): Consumer =>
      log.consumer({
        group,
        consumer: name,
        topics: of,
        maxBatch: 1000,
        storedOffsets: async (partitions) => {
          const at = notifier.position();
          return partitions.map((p) => ({ ...p, offset: at.get(partitionKey(p.topic, p.partition)) ?? 0 }));
        },
        onBatch,
        onDeadLetter: async (record) => {
          await skipRecord(opened(), generation, record);
          notifier.skipped(record);
        },
        onError: (e, at) =>
          onNotice(`read model: ${at.topic}/${at.partition} offset ${at.offset}: ${(e as Error).message}`),
      });
    consumers = [
      consumerOf(
        group,
        topics.filter((t) => !isShortLived(t)),
        ({ records }) => apply(opened(), records),
      ),
      consumerOf(`${group}-live`, topics.filter(isShortLived), async ({ records, signal }) => {
        for (const part of partsOf(records)) {
          // what is left comes again at the next start
          if (signal.aborted) throw new Error('stopped in the middle of a batch');
          await apply(engine!.patiently(generation), part);
        }
      }),
    ];
    for (const c of consumers) await c.start();
  }

  /** Until every partition that had records at the call has been read to its end of then. */
  async function untilCaughtUp(ends: readonly Position[]): Promise<void> {
    const wanted = ends.filter((p) => p.offset > 0).map((p) => ({ ...p, offset: p.offset - 1 }));
    await notifier.reached(wanted, null);
  }

  async function rebuildNow(): Promise<RebuildReport> {
    const old = opened();
    await Promise.all(consumers.map((c) => c.pause()));
    try {
      await saving;
      const at = [...notifier.position()].map(([key, offset]) => ({ ...parsePartitionKey(key), offset }));
      const before = await rowsHash(old);
      const name = newGeneration();
      const next = await engine!.generation(name);
      const former = generation;
      let events: number;
      let after: string;
      try {
        events = await foldAnew(next, name, log, new Map(), at, options.readChunks);
        after = await rowsHash(next);
      } catch (e) {
        await engine!.drop(name);
        throw e;
      }
      current = next;
      generation = name;
      await engine!.drop(former);
      await save();
      return { before, after, events };
    } finally {
      for (const c of consumers) c.resume();
    }
  }

  return {
    queries,
    start: async () => {
      await open();
      const stored = await storedPositions();
      const isCut = await lacksPoints(log, stored);
      // What is no longer kept lies behind, whatever was stored.
      notifier.jump(stored);
      notifier.jump(await log.begin(topics));
      const ends = await log.end(topics);
      await follow();
      await untilCaughtUp(ends);
      if (isCut && options.readChunks) await restoreCurves(opened(), options.readChunks);
      caughtUp = true;
    },
    stop: async () => {
      caughtUp = false;
      await rebuilding?.catch(() => undefined);
      await Promise.all(consumers.map((c) => c.stop()));
      consumers = [];
      await saving;
      if (engine) {
        if (sinceSnapshot > 0) await save();
        await engine.close();
      }
      engine = null;
      current = null;
      notifier.close();
    },
    ready: () => caughtUp && consumers.length > 0 && consumers.every((c) => c.ready()),
    position: () => notifier.position(),
    reached: (positions, timeoutMs = 10_000) => notifier.reached(positions, timeoutMs),
    onChange: (listener) => notifier.listen(listener),
    rebuild: () => (rebuilding ??= rebuildNow().finally(() => (rebuilding = null))),
    hash: () => rowsHash(opened()),
  };
}
