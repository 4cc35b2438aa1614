import { sql } from 'kysely';
import type { Fold } from './record';
import { ofTypes } from './record';
import { insertRows } from './write-rows';
import type { Transaction } from 'kysely';
import type { Tables } from '../schema/tables';

/**
 * Deleted runs take with them what other topics said of them up to that moment. Whatever of that arrives later is dropped by
 * its own fold, so that the order of topics does not matter.
 */
export const foldTombstones: Fold = async (tx, records) => {
  const latest = new Map<string, string>();
  for (const { envelope } of ofTypes(records, 'run.deleted', 'experiment.deleted')) {
    const id = envelope.type === 'run.deleted' ? envelope.data.runId : envelope.data.experimentId;
    if (envelope.time > (latest.get(id) ?? '')) latest.set(id, envelope.time);
  }
  if (latest.size === 0) return;
  const rows = [...latest].map(([id, deleted_at]) => ({ id, deleted_at }));
  await insertRows(
    tx,
    'tombstones',
    rows,
    'on conflict (id) do update set deleted_at = greatest(tombstones.deleted_at, excluded.deleted_at)',
  );
  const ids = [...latest.keys()];
  const dead = sql`tombstones t where t.id = any(${ids}) and t.id =`;
  await sql`delete from metric_chunks p using metric_series s, ${dead} s.run_id and p.series_id = s.id and p.at <= t.deleted_at`.execute(
    tx,
  );
  await sql`delete from metric_series s where s.run_id = any(${ids}) and not exists (select 1 from metric_chunks p where p.series_id = s.id)`.execute(
    tx,
  );
  await sql`delete from log_lines l using ${dead} l.run_id and l.event_at <= t.deleted_at`.execute(tx);
  await sql`delete from run_progress l using ${dead} l.run_id and l.at <= t.deleted_at`.execute(tx);
  await sql`delete from metric_values v using analyses a, ${dead} a.run_id and v.run_id = a.run_id and a.at <= t.deleted_at`.execute(
    tx,
  );
  await sql`delete from analyses a using ${dead} a.run_id and a.at <= t.deleted_at`.execute(tx);
};

/** When each of these was last deleted. */
export async function deletionTimes(
  tx: Transaction<Tables>,
  ids: Iterable<string>,
): Promise<ReadonlyMap<string, string>> {
  const wanted = [...new Set(ids)];
  if (wanted.length === 0) return new Map();
  const { rows } = await sql<{
    id: string;
    deleted_at: string;
  }>`select * from tombstones where id = any(${wanted})`.execute(tx);
  return new Map(rows.map((r) => [r.id, r.deleted_at]));
}
