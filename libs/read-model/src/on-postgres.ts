import type { Consumer } from '@minvar/service-kit';
import type { Kysely } from 'kysely';
import { sql } from 'kysely';
import { startConsumers, topics } from './consumers';
import type { SharedDb } from './database/generations';
import { createGenerations } from './database/generations';
import { keptLock, lock, restoreLock, useLock } from './database/locks';
import { openPostgres } from './database/postgres';
import type { Session } from './database/session';
import { keepSession } from './database/session';
import { ReadModelUnavailableError } from './database/unavailable';
import { applyEvents, skipTo, storedPositions } from './fold/apply-events';
import { checkCurrent, sharedFold } from './fold/shared-fold';
import { channel, decodeBetween, encodeFolded, tell } from './messages-between';
import { createNotifier, nextOffsets, subjectsOf } from './notifier';
import { lastBefore, partitionKey } from './position';
import { createQueries } from './queries';
import type { PostgresDatabase, ReadModel, ReadModelOptions, RebuildReport } from './read-model';
import { cutBefore, restore } from './rebuild';
import { rebuildShared } from './rebuild-shared';
import { rowsHash } from './rows-hash';
import type { Tables } from './schema/tables';

/** How long stopping waits for statements under way. */
const patienceMs = 5000;

/**
 * The read model of several gateways, in one PostgreSQL. They share the folding as members of one consumer group, whose name
 * carries the generation, and hear from each other how far it is. One that loses the database goes on when it is back.
 */
export function createPostgresModel(options: ReadModelOptions<PostgresDatabase>): ReadModel {
  const { log, database, onNotice = () => undefined, objects = {} } = options;
  const consumer = options.consumer ?? 'gateway';
  const postgres = openPostgres(database, options.onStatement);
  const generations = createGenerations(postgres.shared() as unknown as SharedDb);
  const notifier = createNotifier();
  let generation = '';
  let current: Kysely<Tables> | null = null;
  let consumers: readonly Consumer[] = [];
  let session: Session | null = null;
  /** generations whose use lock the session holds */
  let held: { session: Session | null; names: Set<string> } = { session: null, names: new Set() };
  let caughtUp = false;
  let isStopping = false;
  let rebuilding: Promise<RebuildReport> | null = null;

  const opened = (): Kysely<Tables> => {
    if (!current) throw new ReadModelUnavailableError('it was not reached yet');
    return current;
  };

  /** One after the other: what concerns the generation in use. */
  let line: Promise<unknown> = Promise.resolve();
  const inLine = <T>(work: () => Promise<T>): Promise<T> => {
    const mine = line.then(work, work);
    line = mine.catch(() => undefined);
    return mine;
  };

  async function follow(name: string): Promise<void> {
    const folds = postgres.folds(name);
    const around = sharedFold(name);
    consumers = await startConsumers({
      log,
      consumer,
      group: `${consumer}-${name}`,
      objects,
      stored: () => storedPositions(folds, name),
      apply: async (records) => {
        await applyEvents(folds, name, records, around);
        if (name === generation) notifier.told(nextOffsets(records), subjectsOf(records));
      },
      skip: async (record) => {
        const next = [{ topic: record.topic, partition: record.partition, offset: record.offset + 1 }];
        await folds.transaction().execute(async (tx) => {
          await sql`select ${lock(keptLock(name))}`.execute(tx);
          await checkCurrent(tx, name);
          await skipTo(tx, name, next);
          await tell(tx, encodeFolded(name, next, new Set()));
        });
        if (name === generation) notifier.told(next, new Set());
      },
      onNotice,
    });
  }

  async function unfollow(): Promise<void> {
    const former = consumers;
    consumers = [];
    await Promise.all(former.map((c) => c.stop()));
  }

  /**
   * Takes a generation that is this version's current one, and holds it, once a session; tries again when it was replaced meanwhile.
   * PostgreSQL counts how often a session took a lock, so what is held already is not taken again.
   */
  async function hold(s: Session): Promise<string> {
    const owes = await cutBefore(log, []);
    for (;;) {
      const { name } = await generations.current(owes);
      if (held.session === s && held.names.has(name)) return name;
      if (held.session !== s) held = { session: s, names: new Set() };
      await s.query('select pg_advisory_lock_shared(hashtextextended($1, 0))', [useLock(name)]);
      held.names.add(name);
      if (await generations.isCurrent(name)) return name;
      await letGo(s, name);
    }
  }

  async function letGo(s: Session, name: string): Promise<void> {
    if (held.session !== s || !held.names.delete(name)) return;
    await s.query('select pg_advisory_unlock_shared(hashtextextended($1, 0))', [useLock(name)]);
  }

  /** Makes the current generation the one in use, and learns how far it is. */
  async function adopt(s: Session): Promise<void> {
    let name = await hold(s);
    if (await isOfAnotherLog(name)) {
      onNotice(
        'the read model’s tables are ahead of the log: they belong to another one; folding the log from the beginning',
      );
      await generations.retire(name);
      await letGo(s, name);
      name = await hold(s);
    }
    await generations.touch(name);
    if (name !== generation) {
      await unfollow();
      current = postgres.questions(name);
      generation = name;
    }
    const stored = await storedPositions(opened(), name);
    const cut = await cutBefore(log, stored);
    if (cut.metrics || cut.logs) await generations.owe(name, cut);
    // What is no longer kept lies behind, whatever was stored.
    notifier.jump([...(await log.begin(topics)), ...stored]);
    if (consumers.length === 0 && !isStopping) await follow(name);
    for (const other of [...held.names]) if (other !== name) await letGo(s, other);
    await generations.dropUnused();
  }

  async function isOfAnotherLog(name: string): Promise<boolean> {
    const stored = await storedPositions(postgres.questions(name), name);
    if (stored.length === 0) return false;
    const ends = new Map((await log.end(topics)).map((p) => [partitionKey(p.topic, p.partition), p.offset]));
    return stored.some((p) => p.offset > (ends.get(partitionKey(p.topic, p.partition)) ?? 0));
  }

  /** What the log no longer holds, from the object store; one gateway does it, the others wait. */
  async function restoreOwed(): Promise<void> {
    const name = generation;
    const owed = await generations.owes(name);
    if (!owed.metrics && !owed.logs) return;
    await postgres.holding(restoreLock(name), 'exclusive', async () => {
      const still = await generations.owes(name);
      if (!still.metrics && !still.logs) return;
      await restore(postgres.folds(name), still, objects);
      await generations.settle(name);
    });
  }

  function hear(text: string): void {
    const message = decodeBetween(text);
    if (message && 'next' in message) {
      if (message.generation === generation) notifier.told(message.next, message.subjects);
      return;
    }
    const s = session;
    if (s) inLine(() => adopt(s)).catch((e: unknown) => onNotice(`read model: ${(e as Error).message}`));
  }

  async function rebuild(): Promise<RebuildReport> {
    const report = await rebuildShared({ postgres, generations, log, objects, from: generation });
    if (session) await inLine(() => adopt(session!));
    return report;
  }

  const keeper = keepSession({
    client: () => postgres.client(),
    channel,
    onOpen: async (s) => {
      session = s;
      await generations.prepare();
      await inLine(() => adopt(s));
    },
    onMessage: hear,
    onBeat: async (s) => {
      await s.query('update minvar.generations set used_at = now() where name = $1', [generation]);
      // One whose last user was just going when it was replaced.
      await generations.dropUnused();
    },
    onNotice,
  });

  return {
    queries: createQueries(opened),
    start: async () => {
      await keeper.start();
      const ends = await log.end(topics);
      await notifier.reached(lastBefore(ends), null);
      await restoreOwed();
      caughtUp = true;
    },
    stop: async () => {
      isStopping = true;
      caughtUp = false;
      const late = setTimeout(() => postgres.cut(), patienceMs);
      await rebuilding?.catch(() => undefined);
      await keeper.stop();
      await line;
      await unfollow();
      clearTimeout(late);
      await postgres.close(patienceMs);
      notifier.close();
    },
    ready: () => caughtUp && keeper.isOpen() && consumers.length > 0 && consumers.every((c) => c.ready()),
    position: () => notifier.position(),
    reached: (positions, timeoutMs = 10_000) => notifier.reached(positions, timeoutMs),
    onChange: (listener) => notifier.listen(listener),
    rebuild: () => (rebuilding ??= rebuild().finally(() => (rebuilding = null))),
    hash: () =>
      opened()
        .transaction()
        .setIsolationLevel('repeatable read')
        .execute((tx) => rowsHash(tx)),
  };
}
