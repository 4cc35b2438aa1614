import type { Row } from '../schema/tables';
import type { Fold } from './record';
import { ofTypes } from './record';
import { insertRows, replaceRows } from './write-rows';

/** Comparisons and verdicts of a request; the last word counts. */
export const foldJudgements: Fold = async (tx, records) => {
  const mine = ofTypes(records, 'experiment.judged');
  const rows = new Map<string, Row<'judgements'>>();
  const changes: Row<'changes'>[] = [];
  for (const { topic, partition, offset, envelope: e } of mine) {
    const { requestId, experimentId, name, preset, comparisons, verdicts, artifacts } = e.data;
    rows.set(requestId, {
      request_id: requestId,
      experiment_id: experimentId,
      name,
      preset,
      judged_at: e.time,
      comparisons,
      verdicts,
      artifacts,
    });
    changes.push({ topic, part: partition, off: offset, type: e.type, subject: experimentId, name, patch: {} });
  }
  await replaceRows(tx, 'judgements', 'request_id', [...rows.values()]);
  await insertRows(tx, 'changes', changes);
};
