import { sha256Hex } from '@minvar/contracts';
import type { LogLine, MetricPoint } from '@minvar/contracts';
import { sql } from 'kysely';
import type { Row } from '../schema/tables';
import type { Fold } from './record';
import { ofTypes } from './record';
import { deletionTimes } from './tombstones';
import { insertRows } from './write-rows';

type Series = Row<'metric_series'>;

/** Names a curve: the same run, metric, variant, split, class and group give the same id. */
export function seriesOf(
  runId: string,
  p: Pick<MetricPoint, 'metric' | 'variant' | 'split' | 'class' | 'group'>,
): Series {
  const id = sha256Hex(JSON.stringify([runId, p.metric, p.variant, p.split, p.class, p.group])).slice(0, 24);
  return { id, run_id: runId, metric: p.metric, variant: p.variant, split: p.split, class: p.class, group: p.group };
}

type Chunk = Row<'metric_chunks'>;
type Origin = Pick<Chunk, 'term' | 'at' | 'part' | 'off'>;

/** The points of one record, or of one term, curve by curve. */
function chunksOf(runId: string, points: readonly MetricPoint[], origin: Origin, names: Map<string, Series>): Chunk[] {
  const chunks = new Map<Series, Chunk>();
  for (const p of points) {
    const name = `${runId}\n${p.metric}\n${p.variant ?? '\0'}\n${p.split}\n${p.class ?? '\0'}\n${p.group ?? '\0'}`;
    let series = names.get(name);
    if (!series) names.set(name, (series = seriesOf(runId, p)));
    let chunk = chunks.get(series);
    if (!chunk)
      chunks.set(series, (chunk = { series_id: series.id, ...origin, first_step: p.step, steps: [], vals: [] }));
    chunk.steps.push(p.step);
    chunk.vals.push(p.value ?? p.nonFinite);
  }
  return [...chunks.values()];
}

/** Writes chunks, each beside the others: which of several points of one step counts is decided when they are read. */
async function insertChunks(
  tx: Parameters<Fold>[0],
  series: Iterable<Series>,
  chunks: readonly Chunk[],
): Promise<void> {
  await insertRows(tx, 'metric_series', [...series], 'on conflict do nothing');
  await insertRows(tx, 'metric_chunks', chunks, 'on conflict do nothing');
}

/** Live curves, as batches of points bring them. */
export const foldSeries: Fold = async (tx, records) => {
  const mine = ofTypes(records, 'run.metricPoints');
  if (mine.length === 0) return;
  const deleted = await deletionTimes(
    tx,
    mine.map((r) => r.envelope.data.runId),
  );
  const names = new Map<string, Series>();
  const chunks = mine
    .filter(({ envelope: e }) => e.time > (deleted.get(e.data.runId) ?? ''))
    .flatMap(({ envelope: e, partition: part, offset: off }) =>
      chunksOf(e.data.runId, e.data.points, { term: e.term ?? 0, at: e.time, part, off }, names),
    );
  await insertChunks(tx, names.values(), chunks);
};

/** How far each run has come: the latest word of the latest term. */
export const foldProgress: Fold = async (tx, records) => {
  const mine = ofTypes(records, 'run.progress');
  if (mine.length === 0) return;
  const deleted = await deletionTimes(
    tx,
    mine.map((r) => r.envelope.data.runId),
  );
  const latest = new Map<string, Row<'run_progress'>>();
  for (const { envelope: e, partition, offset } of mine) {
    const { runId, step, totalSteps, epoch, examplesPerSecond, etaSeconds } = e.data;
    if (e.time <= (deleted.get(runId) ?? '')) continue;
    const row = {
      run_id: runId,
      term: e.term ?? 0,
      at: e.time,
      step,
      total_steps: totalSteps,
      epoch,
      examples_per_second: examplesPerSecond,
      eta_seconds: etaSeconds,
      part: partition,
      off: offset,
    };
    const before = latest.get(runId);
    if (!before || row.term > before.term || (row.term === before.term && row.at > before.at)) latest.set(runId, row);
  }
  const set = ['term', 'at', 'step', 'total_steps', 'epoch', 'examples_per_second', 'eta_seconds', 'part', 'off']
    .map((c) => `${c} = excluded.${c}`)
    .join(', ');
  await insertRows(
    tx,
    'run_progress',
    [...latest.values()],
    `on conflict (run_id) do update set ${set} where (excluded.term, excluded.at) > (run_progress.term, run_progress.at)`,
  );
};

/** Lines of logs; a repeated event brings the same keys. */
export const foldLogLines: Fold = async (tx, records) => {
  const mine = ofTypes(records, 'run.logLines');
  if (mine.length === 0) return;
  const deleted = await deletionTimes(
    tx,
    mine.map((r) => r.envelope.data.runId),
  );
  const rows = mine
    .filter(({ envelope: e }) => e.time > (deleted.get(e.data.runId) ?? ''))
    .flatMap(({ envelope: e, partition, offset }) =>
      e.data.lines.map((l, line) => ({
        run_id: e.data.runId,
        event_id: e.id,
        line,
        at: l.at,
        level: l.level,
        text: l.text,
        event_at: e.time,
        part: partition,
        off: offset,
      })),
    );
  await insertRows(tx, 'log_lines', rows, 'on conflict do nothing');
};

/** The points of a run's stored chunks, where the metrics topic has been cut. They stand behind whatever the log still says. */
export async function restorePoints(
  tx: Parameters<Fold>[0],
  runId: string,
  stored: readonly { readonly term: number; readonly points: readonly MetricPoint[] }[],
): Promise<void> {
  const names = new Map<string, Series>();
  const terms = new Map<number, MetricPoint[]>();
  for (const { term, points } of stored) terms.set(term, [...(terms.get(term) ?? []), ...points]);
  const chunks = [...terms].flatMap(([term, points]) =>
    chunksOf(runId, points, { term, at: '', part: -1, off: -1 }, names),
  );
  await sql`delete from metric_chunks p using metric_series s where s.run_id = ${runId} and p.series_id = s.id and p.part < 0`.execute(
    tx,
  );
  await insertChunks(tx, names.values(), chunks);
}

/** Lines of one run that are kept when they come from the store: as many as can be asked for. */
const mostRestored = 10_000;

/** Lines of a run's stored log that are older than those the topic still holds. */
export async function restoreLines(tx: Parameters<Fold>[0], runId: string, lines: readonly LogLine[]): Promise<void> {
  const live = await tx
    .selectFrom('log_lines')
    .select(['at', 'level', 'text'])
    .where('run_id', '=', runId)
    .where('part', '>=', 0)
    .orderBy('at')
    .execute();
  const first = live[0]?.at ?? null;
  const same = new Set(live.filter((l) => l.at === first).map((l) => JSON.stringify([l.level, l.text])));
  const older = lines.filter(
    (l) => first === null || l.at < first || (l.at === first && !same.has(JSON.stringify([l.level, l.text]))),
  );
  const rows = older
    .slice(-mostRestored)
    .map((l, line) => ({ run_id: runId, event_id: '', line, ...l, event_at: '', part: -1, off: -1 }));
  await sql`delete from log_lines where run_id = ${runId} and part < 0`.execute(tx);
  await insertRows(tx, 'log_lines', rows);
}
