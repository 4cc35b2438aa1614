import { sql } from 'kysely';
import type { Kysely } from 'kysely';
import { createGenerations } from '../database/generations';
import type { SharedDb } from '../database/generations';
import { openPostgres } from '../database/postgres';
import { migrate } from '../schema/migrations';
import type { Tables } from '../schema/tables';
import { ownDatabase } from './own-database';

/** A database of one test's own with one generation, `test`. */
export async function openPostgresTables(
  server: string,
  onStatement?: (sql: string) => void,
): Promise<{ readonly db: Kysely<Tables>; close(): Promise<void> }> {
  const own = await ownDatabase(server);
  const postgres = openPostgres({ url: own.url }, onStatement);
  await createGenerations(postgres.shared() as unknown as SharedDb).prepare();
  const db = postgres.questions('test');
  await sql`create schema test`.execute(db);
  await migrate(db);
  return {
    db,
    close: async () => {
      await postgres.close(1000);
      await own.drop();
    },
  };
}
