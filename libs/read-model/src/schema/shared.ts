import type { Kysely } from 'kysely';
import { sql } from 'kysely';

/** The schema of what no generation owns. */
export const sharedSchema = 'minvar';

/**
 * What lies beside the generations: which there are, and keys of mutations under way, before their event is in the log. Gateways
 * of two versions use it together, so it is only ever added to. Repeating is harmless.
 */
const statements = [
  `create schema if not exists ${sharedSchema}`,
  `create table if not exists ${sharedSchema}.reservations (
    key text collate "C" primary key, mutation text not null, arguments_hash text not null, entity_id text not null,
    reserved_at timestamptz not null default now())`,
  `create table if not exists ${sharedSchema}.generations (
    name text collate "C" primary key, shape text not null, state text not null, owes_metrics boolean not null default false,
    owes_logs boolean not null default false, used_at timestamptz not null default now())`,
  // one generation of a shape is current
  `create unique index if not exists generations_current on ${sharedSchema}.generations (shape) where state = 'current'`,
];

export async function createShared(db: Kysely<never>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db);
}

/** How long a key that was reserved for a command which never came stays taken. */
const keptFor = '1 day';

export async function dropOldReservations(db: Kysely<never>): Promise<void> {
  await sql`delete from ${sql.table(`${sharedSchema}.reservations`)} where reserved_at < now() - ${keptFor}::interval`.execute(
    db,
  );
}
