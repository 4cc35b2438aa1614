import { sql } from 'kysely';
import type { Kysely, Transaction } from 'kysely';
import type { Row, Tables } from '../schema/tables';

type Connection = Kysely<Tables> | Transaction<Tables>;

/** Rows a statement: keeps one message to the database's thread around a megabyte. */
const perStatement = 2000;

/** JSON that PostgreSQL takes: it has no text with U+0000 or with half of a surrogate pair, so those become U+FFFD. */
export function postgresJson(rows: readonly unknown[]): string {
  const json = JSON.stringify(rows);
  if (!/\\u(0000|d[89a-f])/i.test(json)) return json;
  return JSON.stringify(rows, (_, v: unknown) => (typeof v === 'string' ? wellFormed(v) : v));
}

// Without the `u` flag pairs match first, so what is left are the halves.
const wellFormed = (s: string): string =>
  s.replace(/\0|[\ud800-\udbff][\udc00-\udfff]|[\ud800-\udfff]/g, (c) => (c.length === 2 ? c : '\ufffd'));

/** Inserts many rows with one parameter a statement; columns are matched by name. `onConflict` is SQL after the rows. */
export async function insertRows<T extends keyof Tables & string>(
  tx: Connection,
  table: T,
  rows: readonly Row<T>[],
  onConflict = '',
): Promise<void> {
  for (let i = 0; i < rows.length; i += perStatement) {
    const json = postgresJson(rows.slice(i, i + perStatement));
    await sql`insert into ${sql.table(table)} select * from json_populate_recordset(null::${sql.table(table)}, ${json}::json) ${sql.raw(onConflict)}`.execute(
      tx,
    );
  }
}

/** Replaces whole rows by their key column. */
export async function replaceRows<T extends keyof Tables & string>(
  tx: Connection,
  table: T,
  key: keyof Row<T> & string,
  rows: readonly Row<T>[],
): Promise<void> {
  if (rows.length === 0) return;
  await deleteByKey(
    tx,
    table,
    key,
    rows.map((r) => String(r[key])),
  );
  await insertRows(tx, table, rows);
}

export async function deleteByKey<T extends keyof Tables & string>(
  tx: Connection,
  table: T,
  key: keyof Row<T> & string,
  keys: readonly string[],
): Promise<void> {
  if (keys.length === 0) return;
  await sql`delete from ${sql.table(table)} where ${sql.ref(key)} = any(${[...keys]})`.execute(tx);
}

/** Rows by key, as a map. */
export async function loadRows<T extends keyof Tables & string>(
  tx: Connection,
  table: T,
  key: keyof Row<T> & string,
  keys: Iterable<string>,
): Promise<Map<string, Row<T>>> {
  const wanted = [...new Set(keys)];
  if (wanted.length === 0) return new Map();
  const { rows } = await sql<Row<T>>`select * from ${sql.table(table)} where ${sql.ref(key)} = any(${wanted})`.execute(
    tx,
  );
  return new Map(rows.map((r) => [String(r[key]), r]));
}
