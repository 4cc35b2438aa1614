import { sql } from 'kysely';
import type { Kysely } from 'kysely';
import type { Tables } from './tables';
import { tables } from './0001-tables';

/** In order; a migration that has been released is never changed, only followed. */
const migrations: readonly { readonly name: string; readonly script: string }[] = [
  { name: '0001-tables', script: tables },
];

/** Names the tables' shape: what has another one is not used but folded anew, beside the old where others still use that. */
export const schemaVersion = migrations.at(-1)!.name;

/** Brings a generation's tables to the newest shape; what has been applied before is left alone. */
export async function migrate(db: Kysely<Tables>): Promise<void> {
  await sql`create table if not exists migrations (name text primary key)`.execute(db);
  const { rows } = await sql<{ name: string }>`select name from migrations`.execute(db);
  const applied = new Set(rows.map((r) => r.name));
  for (const { name, script } of migrations) {
    if (applied.has(name)) continue;
    const apply = async (tx: Kysely<Tables>) => {
      for (const statement of script.split(';').filter((s) => s.trim())) await sql.raw(statement).execute(tx);
      await sql`insert into migrations (name) values (${name})`.execute(tx);
    };
    await (db.isTransaction ? apply(db) : db.transaction().execute(apply));
  }
}
