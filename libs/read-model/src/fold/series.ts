import { sha256Hex } from '@minvar/contracts';
import type { MetricPoint } from '@minvar/contracts';
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

/** Writes points, each term's beside the others'. Within a term the later batch counts; a repeated one changes nothing. */
export async function upsertPoints(
  tx: Parameters<Fold>[0],
  series: readonly Series[],
  points: readonly Row<'metric_points'>[],
): Promise<void> {
  const distinct = [...new Map(series.map((s) => [s.id, s])).values()];
  await insertRows(tx, 'metric_series', distinct, 'on conflict do nothing');
  const latest = new Map<string, Row<'metric_points'>>();
  for (const p of points) {
    const key = `${p.series_id} ${p.step} ${p.term}`;
    const before = latest.get(key);
    if (!before || p.at > before.at) latest.set(key, p);
  }
  await insertRows(
    tx,
    'metric_points',
    [...latest.values()],
    `on conflict (series_id, step, term) do update set value = excluded.value, non_finite = excluded.non_finite,
     at = excluded.at, part = excluded.part, off = excluded.off where excluded.at > metric_points.at`,
  );
}

/** Live curves, as batches of points bring them. */
export const foldSeries: Fold = async (tx, records) => {
  const mine = ofTypes(records, 'run.metricPoints');
  if (mine.length === 0) return;
  const deleted = await deletionTimes(
    tx,
    mine.map((r) => r.envelope.data.runId),
  );
  const ids = new Map<string, Series>();
  const points: Row<'metric_points'>[] = [];
  for (const { envelope: e, partition, offset } of mine) {
    const { runId } = e.data;
    if (e.time <= (deleted.get(runId) ?? '')) continue;
    for (const p of e.data.points) {
      const name = `${runId}\n${p.metric}\n${p.variant ?? '\0'}\n${p.split}\n${p.class ?? '\0'}\n${p.group ?? '\0'}`;
      let series = ids.get(name);
      if (!series) ids.set(name, (series = seriesOf(runId, p)));
      points.push({
        series_id: series.id,
        step: p.step,
        value: p.value,
        non_finite: p.nonFinite,
        term: e.term ?? 0,
        at: e.time,
        part: partition,
        off: offset,
      });
    }
  }
  await upsertPoints(tx, [...ids.values()], points);
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

/** The points of a run's stored chunks, for a rebuild after the metrics topic has been cut. Term from each chunk's key. */
export async function restorePoints(
  tx: Parameters<Fold>[0],
  runId: string,
  term: number,
  points: readonly MetricPoint[],
): Promise<void> {
  const rows = points.map((p) => ({
    series_id: seriesOf(runId, p).id,
    step: p.step,
    value: p.value,
    non_finite: p.nonFinite,
    term,
    at: '',
    part: -1,
    off: -1,
  }));
  await upsertPoints(
    tx,
    points.map((p) => seriesOf(runId, p)),
    rows,
  );
}
