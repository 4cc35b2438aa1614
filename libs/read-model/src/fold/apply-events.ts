import type { Position } from '@minvar/service-kit';
import type { Kysely, Transaction } from 'kysely';
import type { Tables } from '../schema/tables';
import { foldAnalyses } from './analyses';
import { foldDatasets } from './datasets';
import { foldExperiments } from './experiments';
import { foldJudgements } from './judgements';
import type { Fold, LogRecord } from './record';
import { withoutRepeats } from './repeats';
import { foldRuns } from './runs';
import { foldLogLines, foldProgress, foldSeries } from './series';
import { foldTombstones } from './tombstones';
import { foldWorkspace } from './workspace';
import { insertRows } from './write-rows';

// Deletions first: what the same batch says of a deleted thing from before is then dropped like anything late.
const folds: readonly Fold[] = [
  foldTombstones,
  foldDatasets,
  foldExperiments,
  foldRuns,
  foldAnalyses,
  foldJudgements,
  foldSeries,
  foldProgress,
  foldLogLines,
  foldWorkspace,
];

export interface Applied {
  /** records that were neither behind the stored offsets nor repeats */
  readonly events: number;
}

/** What else the transaction of a batch does. */
export interface Around {
  /** first of all: locks */
  before(tx: Transaction<Tables>, records: readonly LogRecord[]): Promise<void>;
  /** last: tells others how far the fold is */
  after(tx: Transaction<Tables>, next: readonly Position[], records: readonly LogRecord[]): Promise<void>;
}

/**
 * Folds a batch of records into the tables, in one transaction with the offsets. Records behind the stored offset and
 * repeated events change nothing; the order of topics and partitions does not matter, that within a partition does.
 */
export async function applyEvents(
  db: Kysely<Tables>,
  generation: string,
  records: readonly LogRecord[],
  around?: Around,
): Promise<Applied> {
  if (records.length === 0) return { events: 0 };
  return db.transaction().execute((tx) => fold(tx, generation, records, around));
}

async function fold(
  tx: Transaction<Tables>,
  generation: string,
  records: readonly LogRecord[],
  around?: Around,
): Promise<Applied> {
  await around?.before(tx, records);
  const stored = await storedOffsets(tx, generation);
  const ahead = records.filter((r) => r.offset >= (stored.get(`${r.topic}/${r.partition}`)?.next ?? 0));
  if (ahead.length === 0) return { events: 0 };
  const news = await withoutRepeats(tx, ahead);
  for (const apply of folds) await apply(tx, news);
  const next = new Map<string, { generation: string; topic: string; part: number; next: number }>();
  for (const r of ahead)
    next.set(`${r.topic}/${r.partition}`, { generation, topic: r.topic, part: r.partition, next: r.offset + 1 });
  await insertRows(
    tx,
    'offsets',
    [...next.values()],
    'on conflict (generation, topic, part) do update set next = excluded.next',
  );
  const positions = [...next.values()].map((n) => ({ topic: n.topic, partition: n.part, offset: n.next }));
  await around?.after(tx, positions, ahead);
  return { events: news.length };
}

/** Moves offsets past what can never be folded, or is no longer kept; never back. */
export async function skipTo(db: Kysely<Tables>, generation: string, next: readonly Position[]): Promise<void> {
  await insertRows(
    db,
    'offsets',
    next.filter((p) => p.offset > 0).map((p) => ({ generation, topic: p.topic, part: p.partition, next: p.offset })),
    'on conflict (generation, topic, part) do update set next = greatest(offsets.next, excluded.next)',
  );
}

/** How far a generation is: the next offset of every partition of which anything was folded. */
export async function storedPositions(db: Kysely<Tables>, generation: string): Promise<Position[]> {
  const rows = await db.selectFrom('offsets').selectAll().where('generation', '=', generation).execute();
  return rows.map((r) => ({ topic: r.topic, partition: r.part, offset: Number(r.next) }));
}

async function storedOffsets(tx: Transaction<Tables>, generation: string): Promise<Map<string, { next: number }>> {
  const rows = await tx
    .selectFrom('offsets')
    .select(['topic', 'part', 'next'])
    .where('generation', '=', generation)
    .execute();
  return new Map(rows.map((r) => [`${r.topic}/${r.part}`, { next: Number(r.next) }]));
}
