import { topics } from '@minvar/contracts';
import type { MetricPoint } from '@minvar/contracts';
import type { EventLog, Position } from '@minvar/service-kit';
import type { Kysely } from 'kysely';
import { decodeReadable } from './decode';
import { applyEvents } from './fold/apply-events';
import type { LogRecord } from './fold/record';
import { restorePoints } from './fold/series';
import type { Vector } from './position';
import { partitionKey } from './position';
import type { Tables } from './schema/tables';

/** The chunks of a run's metric series, oldest first, each with the term that wrote it. */
export type ReadChunks = (
  runId: string,
) => Promise<readonly { readonly term: number; readonly points: readonly MetricPoint[] }[]>;

/** Records a transaction. */
const batchSize = 4000;
/** Records read from one partition at a time. */
const readSize = 2000;

/**
 * Folds records from `from` up to `to` into a database, many partitions a transaction. Where the log has been cut (metrics and
 * logs are kept for a week) the curves come from the stored chunks. Returns the number of records folded.
 */
export async function foldAnew(
  db: Kysely<Tables>,
  generation: string,
  log: EventLog,
  from: Vector,
  to: readonly Position[],
  readChunks: ReadChunks | undefined,
): Promise<number> {
  const begins = new Map(
    (await log.begin([...new Set(to.map((p) => p.topic))])).map((p) => [partitionKey(p.topic, p.partition), p.offset]),
  );
  let events = 0;
  let pending: LogRecord[] = [];
  const flush = async () => {
    const batch = pending;
    pending = [];
    events += (await applyEvents(db, generation, batch)).events;
  };
  let cut = false;
  // Topics that are kept for ever come first: whether a run was deleted is known before its curves are read.
  const order = [...to].sort(
    (a, b) =>
      Number(isShortLived(a.topic)) - Number(isShortLived(b.topic)) ||
      (a.topic < b.topic ? -1 : a.topic > b.topic ? 1 : a.partition - b.partition),
  );
  for (const { topic, partition, offset: end } of order) {
    const key = partitionKey(topic, partition);
    const begin = begins.get(key) ?? 0;
    let next = from.get(key) ?? 0;
    if (next < begin) {
      cut ||= topic.includes('.metrics.');
      next = begin;
    }
    while (next < end) {
      const read = await log.read({ topic, partition, from: next, limit: Math.min(readSize, end - next) });
      pending.push(...decodeReadable(read.records.filter((r) => r.offset < end)));
      if (read.next <= next) break;
      next = read.next;
      if (pending.length >= batchSize) await flush();
    }
  }
  await flush();
  if (cut && readChunks) await restoreCurves(db, readChunks);
  return events;
}

/** Whether points that a fold from these offsets on would need are no longer in the log. */
export async function lacksPoints(log: EventLog, from: readonly Position[]): Promise<boolean> {
  const at = new Map(from.map((p) => [partitionKey(p.topic, p.partition), p.offset]));
  const begins = await log.begin([...topics.keys()].filter((t) => t.includes('.metrics.')));
  return begins.some((p) => p.offset > (at.get(partitionKey(p.topic, p.partition)) ?? 0));
}

export const isShortLived = (topic: string): boolean => /\.(metrics|logs)\./.test(topic);

/** Writes the points of every run's stored chunks. */
export async function restoreCurves(db: Kysely<Tables>, readChunks: ReadChunks): Promise<void> {
  const runs = await db.selectFrom('runs').select('id').where('visible', '=', true).execute();
  for (const { id } of runs) {
    const chunks = await readChunks(id);
    if (chunks.length === 0) continue;
    await db.transaction().execute(async (tx) => {
      for (const chunk of chunks) await restorePoints(tx, id, chunk.term, chunk.points);
    });
  }
}
