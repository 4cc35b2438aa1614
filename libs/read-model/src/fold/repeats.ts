import type { AnyEnvelope } from '@minvar/contracts';
import type { Transaction } from 'kysely';
import type { Tables } from '../schema/tables';
import type { LogRecord } from './record';
import { deleteByKey, insertRows, loadRows } from './write-rows';

/** Topics whose folds recognise repeats by the rows' own keys; for all others the ids of applied events are kept. */
const selfDeduping = /\.(metrics|logs)\.v\d+$/;

/**
 * What makes an event the one it is. Ids of run and experiment events are free again after the deletion that stands in the same
 * topic; elsewhere a thing that was deleted and made again brings old ids in no certain order to that deletion, so the time counts too.
 */
const identityOf = (r: LogRecord): string =>
  /\.(run|experiment)\.events\./.test(r.topic) && !deletes(r.envelope)
    ? r.envelope.id
    : `${r.envelope.id}@${r.envelope.time}`;

/** Whose deletion, in the same topic, makes the event's id free again. */
function entityOf({ topic, envelope }: LogRecord): string {
  const d = envelope.data as { runId?: string; experimentId?: string };
  return `${topic} ${d.runId ?? d.experimentId ?? envelope.subject}`;
}

const deletes = (e: AnyEnvelope): boolean => e.type === 'run.deleted' || e.type === 'experiment.deleted';

/** Drops events that were applied before, and remembers the ids of those that are now. */
export async function withoutRepeats(tx: Transaction<Tables>, records: readonly LogRecord[]): Promise<LogRecord[]> {
  const checked = records.filter((r) => !selfDeduping.test(r.topic));
  const known = await loadRows(
    tx,
    'seen_events',
    'id',
    checked.map((r) => identityOf(r)),
  );
  const seen = new Map([...known].map(([id, row]) => [id, row.entity]));
  const fresh = new Map<string, string>();
  const freed = new Set<string>();
  const kept: LogRecord[] = [];
  for (const r of records) {
    if (selfDeduping.test(r.topic)) {
      kept.push(r);
      continue;
    }
    const id = identityOf(r);
    if (seen.has(id)) continue;
    const entity = entityOf(r);
    if (deletes(r.envelope)) {
      freed.add(entity);
      for (const [other, of] of seen) {
        if (of !== entity) continue;
        seen.delete(other);
        fresh.delete(other);
      }
    }
    // A deletion stays known when the next one frees the ids of its entity.
    seen.set(id, deletes(r.envelope) ? '' : entity);
    fresh.set(id, deletes(r.envelope) ? '' : entity);
    kept.push(r);
  }
  await deleteByKey(tx, 'seen_events', 'entity', [...freed]);
  await insertRows(
    tx,
    'seen_events',
    [...fresh].map(([id, entity]) => ({ id, entity })),
  );
  return kept;
}
