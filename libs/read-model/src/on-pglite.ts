import { randomBytes } from 'node:crypto';
import type { Consumer } from '@minvar/service-kit';
import type { Kysely } from 'kysely';
import { startConsumers, topics } from './consumers';
import { engineName } from './database/engine';
import { newGeneration } from './database/generations';
import type { Database } from './database/open';
import { openPglite } from './database/open';
import { applyEvents, skipTo, storedPositions } from './fold/apply-events';
import { createNotifier, nextOffsets, subjectsOf } from './notifier';
import { lastBefore, parsePartitionKey, partitionKey } from './position';
import { createQueries } from './queries';
import type { PgliteDatabase, ReadModel, ReadModelOptions, RebuildReport } from './read-model';
import { cutBefore, foldAnew, isShortLived, restore } from './rebuild';
import { rowsHash } from './rows-hash';
import { schemaVersion } from './schema/migrations';
import type { Tables } from './schema/tables';
import { createSnapshots } from './snapshot';

/** The read model of one process, in PGlite. */
export function createPgliteModel(options: ReadModelOptions<PgliteDatabase>): ReadModel {
  const { log, database, onNotice = () => undefined, snapshotEvery = 50_000, objects = {} } = options;
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
    // Worth keeping even when nothing happens: making a database takes longer than loading an empty one, and more memory.
    sinceSnapshot = 1;
  }

  async function isOfThisLog(): Promise<boolean> {
    const ends = new Map((await log.end(topics)).map((p) => [partitionKey(p.topic, p.partition), p.offset]));
    return (await storedPositions(opened(), generation)).every(
      (p) => p.offset <= (ends.get(partitionKey(p.topic, p.partition)) ?? 0),
    );
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

  /** A snapshot may be behind what a group had read, and a group's offset goes back in no log: every start has its own. */
  async function follow(): Promise<void> {
    const consumer = options.consumer ?? 'gateway';
    consumers = await startConsumers({
      log,
      consumer,
      group: `${consumer}-${generation}-${randomBytes(4).toString('hex')}`,
      objects,
      stored: async () => [...notifier.position()].map(([key, offset]) => ({ ...parsePartitionKey(key), offset })),
      apply: async (records, isLive) => {
        const { events } = await applyEvents(isLive ? engine!.patiently(generation) : opened(), generation, records);
        notifier.told(nextOffsets(records), subjectsOf(records));
        saveSoon(events);
      },
      skip: async (record) => {
        const next = [{ ...record, offset: record.offset + 1 }];
        await skipTo(opened(), generation, next);
        notifier.told(next, new Set());
      },
      onNotice,
    });
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
        events = await foldAnew(next, name, log, new Map(), at, objects);
        await skipTo(next, name, at);
        await restore(next, await cutBefore(log, []), objects);
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
      const stored = await storedPositions(opened(), generation);
      const cut = await cutBefore(log, stored);
      // What is no longer kept lies behind, whatever was stored.
      notifier.jump(stored);
      notifier.jump(await log.begin(topics));
      const ends = await log.end(topics);
      await follow();
      await notifier.reached(lastBefore(ends), null);
      await restore(opened(), cut, objects);
      await skipTo(opened(), generation, await log.begin(topics.filter(isShortLived)));
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
