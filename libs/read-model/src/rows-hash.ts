import { createHash } from 'node:crypto';
import { canonicalJson } from '@minvar/contracts';
import { sql } from 'kysely';
import type { Kysely } from 'kysely';
import type { ChunkText } from './curve';
import { chunkText, curveOf } from './curve';
import type { Condition } from './queries/connection';
import type { Tables } from './schema/tables';

/**
 * What the hash covers, with the key that orders each table. Left out are the fold's own means (offsets, ids seen), keys under
 * way, and what lives as long as the metrics and logs topics only: progress, log lines, positions of points.
 */
const hashed: readonly (readonly [keyof Tables, string])[] = [
  ['analyses', 'run_id'],
  ['changes', 'topic, part, off'],
  ['dataset_versions', 'id'],
  ['experiment_requests', 'id'],
  ['idempotency_keys', 'key'],
  ['ingests', 'id'],
  ['judgements', 'request_id'],
  ['memberships', 'request_id, run_id'],
  ['metric_series', 'id'],
  ['metric_values', 'run_id, name, variant, split, epoch, selection'],
  ['runs', 'id'],
  ['tombstones', 'id'],
];

/** Rows fetched at a time. */
const page = 2000;

/** Rows of a table in the order of its key, a page at a time by keyset. */
async function* rowsOf(
  db: Kysely<Tables>,
  table: string,
  key: string,
): AsyncGenerator<readonly Record<string, unknown>[]> {
  const columns = key.split(', ');
  let last: Record<string, unknown> | null = null;
  for (;;) {
    const after: Record<string, unknown> | null = last;
    const where: Condition = after
      ? sql`where (${sql.raw(key)}) > (${sql.join(columns.map((c) => sql`${after[c]}`))})`
      : sql``;
    const { rows }: { rows: Record<string, unknown>[] } = await sql<
      Record<string, unknown>
    >`select * from ${sql.table(table)} ${where} order by ${sql.raw(key)} limit ${page}`.execute(db);
    if (rows.length > 0) yield rows;
    if (rows.length < page) return;
    last = rows.at(-1)!;
  }
}

/** Curves as they are read: of each step what the latest term said. */
async function* curves(db: Kysely<Tables>): AsyncGenerator<string> {
  for await (const series of rowsOf(db, 'metric_series', 'id')) {
    for (let i = 0; i < series.length; i += 100) {
      const ids = series.slice(i, i + 100).map((s) => s['id'] as string);
      const { rows } = await sql<ChunkText & { series_id: string }>`
        select p.series_id, ${chunkText} from metric_chunks p where p.series_id = any(${ids})
        order by p.series_id, p.term desc, p.at desc, p.part, p.off`.execute(db);
      for (const id of ids) {
        const { steps, values, nonFinite } = curveOf(rows.filter((r) => r.series_id === id));
        for (const [k, step] of steps.entries())
          yield canonicalJson({ series_id: id, step, value: values[k], non_finite: nonFinite[k] });
      }
    }
  }
}

/** SHA-256 over the canonical JSON of every row, tables by name, rows by primary key: equal for equal folds of one log. */
export async function rowsHash(db: Kysely<Tables>): Promise<string> {
  const hash = createHash('sha256');
  for (const [table, key] of hashed) {
    hash.update(`\n${table}\n`);
    for await (const rows of rowsOf(db, table, key)) for (const row of rows) hash.update(`${canonicalJson(row)}\n`);
  }
  hash.update('\nmetric_points\n');
  for await (const line of curves(db)) hash.update(`${line}\n`);
  return hash.digest('hex');
}
