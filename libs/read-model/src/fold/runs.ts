import type { Row } from '../schema/tables';
import type { Fold, RecordOf } from './record';
import { ofTypes } from './record';
import type { RunMessage, RunRow } from './run-row';
import { foldRun, runPatch, unknownRun } from './run-row';
import { insertRows, loadRows, replaceRows } from './write-rows';

const types = [
  'run.create',
  'run.cancel',
  'run.retry',
  'run.queued',
  'run.claimed',
  'run.started',
  'run.checkpointed',
  'run.cancelRequested',
  'run.succeeded',
  'run.failed',
  'run.cancelled',
  'run.rejected',
  'run.deleted',
] as const;

/** Runs as their own events tell them, and as commands asked for them. */
export const foldRuns: Fold = async (tx, records) => {
  const mine = ofTypes(records, ...types);
  if (mine.length === 0) return;
  const rows: Map<string, RunRow> = await loadRows(
    tx,
    'runs',
    'id',
    mine.map((r) => r.envelope.data.runId),
  );
  const touched = new Map<string, RunRow>();
  const changes: Row<'changes'>[] = [];
  for (const r of mine) {
    const id = r.envelope.data.runId;
    const before = touched.get(id) ?? rows.get(id) ?? unknownRun(id, r.envelope.projectId);
    const after = foldRun(before, r.envelope as RunMessage);
    // Whether a command still counts may depend on a deletion in another topic: that it was given is a change either way.
    if (after === before && !isCommand(r)) continue;
    touched.set(id, after);
    changes.push(change(r, after));
  }
  await replaceRows(tx, 'runs', 'id', [...touched.values()]);
  await insertRows(tx, 'changes', changes);
};

const isCommand = (r: { topic: string }): boolean => r.topic.includes('.commands.');

const change = (r: RecordOf<(typeof types)[number]>, after: RunRow): Row<'changes'> => ({
  topic: r.topic,
  part: r.partition,
  off: r.offset,
  type: r.envelope.type,
  subject: after.id,
  name: null,
  patch: isCommand(r) || r.envelope.type === 'run.deleted' ? {} : runPatch(after),
});
