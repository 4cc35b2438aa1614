import { sql } from 'kysely';
import type { ChunkText, Curve } from '../curve';
import { chunkText, curveOf } from '../curve';
import type { PartitionRange } from '../position';
import type { Row } from '../schema/tables';
import type { Condition, Db } from './connection';

/** Ranges of positions as a table. Column names of offsets are the tables' own. */
const rangesTable = (ranges: readonly PartitionRange[]): Condition =>
  sql`unnest(${ranges.map((r) => r.topic)}::text[], ${ranges.map((r) => r.partition)}::int[], ${ranges.map((r) => r.from)}::bigint[], ${ranges.map((r) => r.to)}::bigint[]) as v(topic, part, first, last)`;

/** The points of one curve that one record brought. */
export interface PointsRow {
  run_id: string;
  metric: string;
  variant: string | null;
  split: string;
  class: string | null;
  group: string | null;
  series_id: string;
  part: number;
  off: number;
  curve: Curve;
}

/** What happened between two positions, in the order of topic, partition and offset: the source of subscriptions. */
export const feedQueries = (db: () => Db) => ({
  async changesOf(subjects: readonly string[] | null, ranges: readonly PartitionRange[]): Promise<Row<'changes'>[]> {
    if (ranges.length === 0) return [];
    const only = subjects === null ? sql`` : sql`and c.subject = any(${[...subjects]})`;
    const { rows } = await sql<Row<'changes'>>`
      select c.* from changes c join ${rangesTable(ranges)} on c.topic = v.topic and c.part = v.part and c.off >= v.first and c.off < v.last
      where true ${only} order by c.topic, c.part, c.off`.execute(db());
    return rows;
  },

  /** Changes of datasets by name. */
  async changesNamed(name: string, ranges: readonly PartitionRange[]): Promise<Row<'changes'>[]> {
    if (ranges.length === 0) return [];
    const { rows } = await sql<Row<'changes'>>`
      select c.* from changes c join ${rangesTable(ranges)} on c.topic = v.topic and c.part = v.part and c.off >= v.first and c.off < v.last
      where c.name = ${name} order by c.topic, c.part, c.off`.execute(db());
    return rows;
  },

  async pointsOf(
    runIds: readonly string[],
    metrics: readonly string[] | null,
    ranges: readonly PartitionRange[],
  ): Promise<PointsRow[]> {
    if (ranges.length === 0) return [];
    const only = metrics === null ? sql`` : sql`and s.metric = any(${[...metrics]})`;
    const { rows } = await sql<Omit<PointsRow, 'curve'> & ChunkText>`
      select s.run_id, s.metric, s.variant, s.split, s.class, s."group", p.series_id, p.part, p.off, ${chunkText} from ${rangesTable(ranges)}
      join metric_chunks p on p.part = v.part and p.off >= v.first and p.off < v.last join metric_series s on s.id = p.series_id
      where s.run_id = any(${[...runIds]}) ${only}
      order by p.part, p.off, s.metric, s.variant nulls first, s.split, s.class nulls first, s."group" nulls first`.execute(
      db(),
    );
    return rows.map(({ steps, vals, ...row }) => ({ ...row, curve: curveOf([{ steps, vals }]) }));
  },

  async progressOf(
    runIds: readonly string[] | null,
    ranges: readonly PartitionRange[],
  ): Promise<{ run_id: string; part: number; off: number }[]> {
    if (ranges.length === 0) return [];
    const only = runIds === null ? sql`` : sql`and p.run_id = any(${[...runIds]})`;
    const { rows } = await sql<{ run_id: string; part: number; off: number }>`
      select p.run_id, p.part, p.off from ${rangesTable(ranges)} join run_progress p on p.part = v.part and p.off >= v.first and p.off < v.last
      where true ${only} order by p.part, p.off`.execute(db());
    return rows;
  },

  async logLinesOf(runId: string, ranges: readonly PartitionRange[]): Promise<Row<'log_lines'>[]> {
    if (ranges.length === 0) return [];
    const { rows } = await sql<Row<'log_lines'>>`
      select l.* from ${rangesTable(ranges)} join log_lines l on l.run_id = ${runId} and l.part = v.part and l.off >= v.first and l.off < v.last
      order by l.part, l.off, l.line`.execute(db());
    return rows;
  },
});
