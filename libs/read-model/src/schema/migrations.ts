import { sql } from 'kysely';
import type { Kysely } from 'kysely';
import type { Tables } from './tables';
import { firstTables } from './0001-first-tables';

/** In order; a migration that has been released is never changed, only followed. */
const migrations: readonly { readonly name: string; readonly script: string }[] = [
  { name: '0001-first-tables', script: firstTables },
];

/** Names the tables' shape: a snapshot of another one is not loaded but rebuilt. */
export const schemaVersion = migrations.at(-1)!.name;

/** Brings a database to the newest shape; what has been applied before is left alone. */
export async function migrate(db: Kysely<Tables>): Promise<void> {
  await sql`create table if not exists migrations (name text primary key)`.execute(db);
  const { rows } = await sql<{ name: string }>`select name from migrations`.execute(db);
  const applied = new Set(rows.map((r) => r.name));
  for (const { name, script } of migrations) {
    if (applied.has(name)) continue;
    await db.transaction().execute(async (tx) => {
      for (const statement of script.split(';').filter((s) => s.trim())) await sql.raw(statement).execute(tx);
      await sql`insert into migrations (name) values (${name})`.execute(tx);
    });
  }
}
