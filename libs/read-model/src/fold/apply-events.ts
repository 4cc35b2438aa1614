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

/**
 * Folds a batch of records into the tables, in one transaction with the offsets. Records behind the stored offset and
 * repeated events change nothing; the order of topics and partitions does not matter, that within a partition does.
 */
export async function applyEvents(
  db: Kysely<Tables>,
  generation: string,
  records: readonly LogRecord[],
): Promise<Applied> {
  if (records.length === 0) return { events: 0 };
  return db.transaction().execute((tx) => fold(tx, generation, records));
}

async function fold(tx: Transaction<Tables>, generation: string, records: readonly LogRecord[]): Promise<Applied> {
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
  return { events: news.length };
}

/** Moves the offset past a record that can never be folded. */
export async function skipRecord(
  db: Kysely<Tables>,
  generation: string,
  at: { topic: string; partition: number; offset: number },
): Promise<void> {
  const row = { generation, topic: at.topic, part: at.partition, next: at.offset + 1 };
  await insertRows(
    db,
    'offsets',
    [row],
    'on conflict (generation, topic, part) do update set next = greatest(offsets.next, excluded.next)',
  );
}

async function storedOffsets(tx: Transaction<Tables>, generation: string): Promise<Map<string, { next: number }>> {
  const rows = await tx
    .selectFrom('offsets')
    .select(['topic', 'part', 'next'])
    .where('generation', '=', generation)
    .execute();
  return new Map(rows.map((r) => [`${r.topic}/${r.part}`, { next: Number(r.next) }]));
}
