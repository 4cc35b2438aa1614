import type { Row } from '../schema/tables';
import type { Fold } from './record';
import { ofTypes } from './record';
import { deletionTimes } from './tombstones';
import { deleteByKey, insertRows, loadRows, replaceRows } from './write-rows';

/** The record of each run's measurements: that of the latest attempt. */
export const foldAnalyses: Fold = async (tx, records) => {
  const mine = ofTypes(records, 'analysis.completed', 'analysis.failed');
  if (mine.length === 0) return;
  const runIds = mine.map((r) => r.envelope.data.runId);
  const known = await loadRows(tx, 'analyses', 'run_id', runIds);
  const deleted = await deletionTimes(tx, runIds);
  const changed = new Map<string, Row<'analyses'>>();
  const values = new Map<string, Row<'metric_values'>[]>();
  const changes: Row<'changes'>[] = [];
  for (const r of mine) {
    const e = r.envelope;
    const { runId, attempt, analysisId } = e.data;
    const patch = e.type === 'analysis.completed' ? { analysed: true } : {};
    changes.push({ topic: r.topic, part: r.partition, off: r.offset, type: e.type, subject: runId, name: null, patch });
    if (e.time <= (deleted.get(runId) ?? '')) continue;
    if (attempt < ((changed.get(runId) ?? known.get(runId))?.attempt ?? 1)) continue;
    const done = e.type === 'analysis.completed';
    changed.set(runId, {
      run_id: runId,
      analysis_id: analysisId,
      attempt,
      at: e.time,
      error: done ? null : e.data.error,
      signs: done ? e.data.signs : [],
      artifacts: done ? e.data.artifacts : [],
    });
    values.set(runId, done ? valueRows(runId, e.data.metrics) : []);
  }
  await replaceRows(tx, 'analyses', 'run_id', [...changed.values()]);
  await deleteByKey(tx, 'metric_values', 'run_id', [...values.keys()]);
  await insertRows(tx, 'metric_values', [...values.values()].flat(), 'on conflict do nothing');
  await insertRows(tx, 'changes', changes);
};

type Metrics = Extract<
  Parameters<typeof ofTypes>[0][number]['envelope'],
  { type: 'analysis.completed' }
>['data']['metrics'];

const valueRows = (runId: string, metrics: Metrics): Row<'metric_values'>[] =>
  metrics.map((m, position) => ({
    run_id: runId,
    name: m.name,
    variant: m.variant ?? '',
    split: m.split,
    epoch: m.epoch,
    selection: m.selection,
    position,
    value: m.value,
    non_finite: m.nonFinite,
    per_class: m.perClass,
    per_group: m.perGroup,
  }));
