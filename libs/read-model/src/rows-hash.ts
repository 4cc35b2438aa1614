import { createHash } from 'node:crypto';
import { canonicalJson } from '@minvar/contracts';
import { sql } from 'kysely';
import type { Kysely } from 'kysely';
import type { Tables } from './schema/tables';

/**
 * What the hash covers, with the key that orders each table. Left out are the fold's own means (offsets, ids seen), keys under
 * way, and what lives as long as the metrics and logs topics only: progress, log lines, positions of points.
 */
const hashed = [
  ['analyses', 'run_id'],
  ['changes', 'topic, part, off'],
  ['dataset_versions', 'id'],
  ['experiment_requests', 'id'],
  ['idempotency_keys', 'key'],
  ['ingests', 'id'],
  ['judgements', 'request_id'],
  ['memberships', 'request_id, run_id'],
  // as they are read: of each step what the latest term said
  [
    'metric_points',
    'series_id, step',
    'distinct on (series_id collate "C", step) series_id, step, value, non_finite',
    'term desc',
  ],
  ['metric_series', 'id'],
  ['metric_values', 'run_id, name, variant, split, epoch, selection'],
  ['runs', 'id'],
  ['tombstones', 'id'],
] as const;

/** Rows fetched at a time. */
const page = 5000;

/** SHA-256 over the canonical JSON of every row, tables by name, rows by primary key: equal for equal folds of one log. */
export async function rowsHash(db: Kysely<Tables>): Promise<string> {
  const hash = createHash('sha256');
  for (const [table, key, columns = '*', then = ''] of hashed) {
    hash.update(`\n${table}\n`);
    for (let offset = 0; ; offset += page) {
      const order = key
        .split(', ')
        .map((c) => (isText(c) ? `${c} collate "C"` : c))
        .concat(then || [])
        .join(', ');
      const { rows } =
        await sql`select ${sql.raw(columns)} from ${sql.table(table)} order by ${sql.raw(order)} limit ${page} offset ${offset}`.execute(
          db,
        );
      for (const row of rows) hash.update(`${canonicalJson(row)}\n`);
      if (rows.length < page) break;
    }
  }
  return hash.digest('hex');
}

const isText = (column: string): boolean => !['part', 'off', 'step', 'epoch'].includes(column);
