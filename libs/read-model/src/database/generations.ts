import { randomBytes } from 'node:crypto';
import type { Kysely } from 'kysely';
import { sql } from 'kysely';
import type { Cut } from '../rebuild';
import { migrate, schemaVersion } from '../schema/migrations';
import { createShared, dropOldReservations, sharedSchema } from '../schema/shared';
import type { Tables } from '../schema/tables';
import { encodeSwap, tell } from '../messages-between';
import { generationsLock, lock, tryLock, useLock } from './locks';

/** The tables of no generation. */
export type SharedDb = Kysely<Tables & { generations: GenerationsTable }>;
interface GenerationsTable {
  name: string;
  /** of its tables: gateways of several versions live side by side, each version with a generation of its own */
  shape: string;
  /** `building`: a rebuild that goes on, or was broken off. `retired`: replaced. */
  state: 'building' | 'current' | 'retired';
  owes_metrics: boolean;
  owes_logs: boolean;
  used_at: Date;
}

/** A generation of another version that nobody uses any more is kept so long: its gateways may come back. */
const keptFor = '1 day';

export const newGeneration = (): string => `generation_${randomBytes(4).toString('hex')}`;

const locked = <T>(db: SharedDb, work: (tx: SharedDb) => Promise<T>): Promise<T> =>
  db.transaction().execute(async (tx) => {
    await sql`select ${lock(generationsLock)}`.execute(tx);
    return work(tx);
  });

async function create(tx: SharedDb, name: string, state: 'building' | 'current', owes: Cut): Promise<void> {
  await sql`create schema ${sql.id(name)}`.execute(tx);
  await sql`set local search_path to ${sql.id(name)}, ${sql.id(sharedSchema)}`.execute(tx);
  await migrate(tx as never);
  const row = { name, shape: schemaVersion, state, owes_metrics: owes.metrics, owes_logs: owes.logs };
  await tx
    .insertInto('generations')
    .values(row as never)
    .execute();
}

/** Generations of a database with several gateways, of which none is the first: everything here happens under locks. */
export const createGenerations = (db: SharedDb) => ({
  /** The tables that no generation owns. */
  prepare: async (): Promise<void> => {
    await locked(db, (tx) => createShared(tx as never));
    await dropOldReservations(db as never);
  },

  /** The one that is current for this version; made if there is none. `owes`: what a fold from the beginning will lack. */
  current: (owes: Cut): Promise<{ name: string; isNew: boolean }> =>
    locked(db, async (tx) => {
      const found = await tx
        .selectFrom('generations')
        .select('name')
        .where('shape', '=', schemaVersion)
        .where('state', '=', 'current')
        .executeTakeFirst();
      if (found) return { name: found.name, isNew: false };
      const name = newGeneration();
      await create(tx, name, 'current', owes);
      return { name, isNew: true };
    }),

  /** A new one that nobody uses yet. Whoever builds it holds its use lock. */
  build: (name: string): Promise<void> =>
    locked(db, (tx) => create(tx, name, 'building', { metrics: false, logs: false })),

  isCurrent: async (name: string): Promise<boolean> =>
    (await db.selectFrom('generations').select('state').where('name', '=', name).executeTakeFirst())?.state ===
    'current',

  /** It cannot be used any more, and the next question for the current one makes another. */
  retire: async (name: string): Promise<void> => {
    await locked(db, async (tx) => {
      await tx.updateTable('generations').set({ state: 'retired' }).where('name', '=', name).execute();
      await tell(tx, encodeSwap(name));
    });
  },

  touch: async (name: string): Promise<void> => {
    await sql`update generations set used_at = now() where name = ${name}`.execute(db);
  },

  /** What is still to be had from the object store. */
  owes: async (name: string): Promise<Cut> => {
    const row = await db.selectFrom('generations').selectAll().where('name', '=', name).executeTakeFirst();
    return { metrics: row?.owes_metrics ?? false, logs: row?.owes_logs ?? false };
  },
  owe: async (name: string, cut: Cut): Promise<void> => {
    await sql`update generations set owes_metrics = owes_metrics or ${cut.metrics}, owes_logs = owes_logs or ${cut.logs} where name = ${name}`.execute(
      db,
    );
  },
  settle: async (name: string): Promise<void> => {
    await db
      .updateTable('generations')
      .set({ owes_metrics: false, owes_logs: false })
      .where('name', '=', name)
      .execute();
  },

  /** Removes what nobody uses: replaced ones, broken-off rebuilds, and those of versions that have been gone for long. */
  dropUnused: async (): Promise<void> => {
    const { rows } = await sql<{ name: string }>`
      select name from generations where state <> 'current' or (shape <> ${schemaVersion} and used_at < now() - ${keptFor}::interval)`.execute(
      db,
    );
    for (const { name } of rows) {
      await locked(db, async (tx) => {
        const { rows } = await sql<{ free: boolean }>`select ${tryLock(useLock(name))} as free`.execute(tx);
        if (!rows[0]!.free) return;
        await sql`drop schema if exists ${sql.id(name)} cascade`.execute(tx);
        await tx.deleteFrom('generations').where('name', '=', name).execute();
      });
    }
  },
});
export type Generations = ReturnType<typeof createGenerations>;

/** In a transaction that holds the locks of folds into `from`. */
export async function swapGenerations(tx: Kysely<Tables>, from: string, to: string): Promise<void> {
  const shared = tx.withTables<{ generations: GenerationsTable }>();
  await shared.updateTable('generations').set({ state: 'retired' }).where('name', '=', from).execute();
  await shared.updateTable('generations').set({ state: 'current' }).where('name', '=', to).execute();
  await tell(tx, encodeSwap(to));
}
