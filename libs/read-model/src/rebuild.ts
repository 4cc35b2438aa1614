import { topics } from '@minvar/contracts';
import type { LogLine, MetricPoint } from '@minvar/contracts';
import { readThrough } from '@minvar/service-kit';
import type { EventLog, LargeReader, Position } from '@minvar/service-kit';
import type { Kysely } from 'kysely';
import { decodeReadable, wholeReadable } from './decode';
import type { DecodedRecord } from './decode';
import { applyEvents } from './fold/apply-events';
import { restoreLines, restorePoints } from './fold/series';
import type { Vector } from './position';
import { partitionKey } from './position';
import type { Tables } from './schema/tables';

/** The chunks of a run's metric series, oldest first, each with the term that wrote it. */
export type ReadChunks = (
  runId: string,
) => Promise<readonly { readonly term: number; readonly points: readonly MetricPoint[] }[]>;

/** The stored log of a run, oldest line first; empty when there is none. */
export type ReadLog = (runId: string) => Promise<readonly LogLine[]>;

/** Where the things lie that the log refers to, or no longer holds. */
export interface ReadObjects {
  readonly readChunks?: ReadChunks;
  readonly readLog?: ReadLog;
  readonly readLarge?: LargeReader;
}

/** Records a transaction, and their bytes with what they refer to. */
const batchSize = 4000;
const batchBytes = 16 * 1024 * 1024;
/** Records read from one partition at a time. */
const readSize = 2000;

/**
 * Folds records from `from` up to `to` into a database that nobody else folds into, many partitions a transaction. What the log no
 * longer holds (metrics and logs are kept for a week) is left to `restore`. Returns the number of records folded.
 */
export async function foldAnew(
  db: Kysely<Tables>,
  generation: string,
  log: EventLog,
  from: Vector,
  to: readonly Position[],
  objects: Pick<ReadObjects, 'readLarge'>,
): Promise<number> {
  const begins = new Map(
    (await log.begin([...new Set(to.map((p) => p.topic))])).map((p) => [partitionKey(p.topic, p.partition), p.offset]),
  );
  let events = 0;
  let pending: DecodedRecord[] = [];
  let bytes = 0;
  const flush = async () => {
    const batch = pending;
    pending = [];
    bytes = 0;
    events += (await applyEvents(db, generation, await wholeReadable(batch, objects.readLarge))).events;
  };
  // Topics that are kept for ever come first: whether a run was deleted is known before its curves are read.
  const order = [...to].sort(
    (a, b) =>
      Number(isShortLived(a.topic)) - Number(isShortLived(b.topic)) ||
      (a.topic < b.topic ? -1 : a.topic > b.topic ? 1 : a.partition - b.partition),
  );
  for (const { topic, partition, offset: end } of order) {
    const key = partitionKey(topic, partition);
    const start = Math.max(from.get(key) ?? 0, begins.get(key) ?? 0);
    for await (const records of readThrough(log, { topic, partition, from: start, to: end }, readSize)) {
      for (const r of decodeReadable(records)) {
        pending.push(r);
        bytes += r.bytes;
        if (pending.length >= batchSize || bytes >= batchBytes) await flush();
      }
    }
  }
  await flush();
  return events;
}

/** Which topics no longer hold what a fold needs. */
export interface Cut {
  metrics: boolean;
  logs: boolean;
}

/** What a fold from these offsets on would need that is no longer in the log. */
export async function cutBefore(log: EventLog, from: readonly Position[]): Promise<Cut> {
  const at = new Map(from.map((p) => [partitionKey(p.topic, p.partition), p.offset]));
  const begins = await log.begin([...topics.keys()].filter(isShortLived));
  const lacking = begins.filter((p) => p.offset > (at.get(partitionKey(p.topic, p.partition)) ?? 0));
  const lacks = (channel: string): boolean => lacking.some((p) => p.topic.includes(`.${channel}.`));
  return { metrics: lacks('metrics'), logs: lacks('logs') };
}

export const isShortLived = (topic: string): boolean => /\.(metrics|logs)\./.test(topic);

/** Writes the points of every run's stored chunks and the lines of its stored log, where the topic lacks them. */
export async function restore(
  db: Kysely<Tables>,
  cut: Cut,
  { readChunks, readLog }: Pick<ReadObjects, 'readChunks' | 'readLog'>,
): Promise<void> {
  if (!(cut.metrics && readChunks) && !(cut.logs && readLog)) return;
  const runs = await db.selectFrom('runs').select('id').where('visible', '=', true).execute();
  for (const { id } of runs) {
    const chunks = cut.metrics && readChunks ? await readChunks(id) : [];
    const lines = cut.logs && readLog ? await readLog(id) : [];
    if (chunks.length === 0 && lines.length === 0) continue;
    await db.transaction().execute(async (tx) => {
      if (chunks.length > 0) await restorePoints(tx, id, chunks);
      if (lines.length > 0) await restoreLines(tx, id, lines);
    });
  }
}
