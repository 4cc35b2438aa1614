import { sha256Hex } from '@minvar/contracts';
import type { ExperimentRequest } from '@minvar/contracts';
import { sql } from 'kysely';
import type { Row } from '../schema/tables';
import type { Fold, RecordOf } from './record';
import { ofTypes } from './record';
import { deletionTimes } from './tombstones';
import { deleteByKey, insertRows, loadRows, replaceRows } from './write-rows';

const types = [
  'experiment.run',
  'experiment.accepted',
  'experiment.expanded',
  'experiment.failed',
  'experiment.deleted',
] as const;
type Request = Row<'experiment_requests'>;

/** Requests to run a preset, and the runs that each of them stands for. */
export const foldExperiments: Fold = async (tx, records) => {
  const mine = ofTypes(records, ...types);
  if (mine.length === 0) return;
  const deleted = mine.filter((r) => r.envelope.type === 'experiment.deleted').map((r) => r.envelope.data.experimentId);
  const rows = await loadRows(
    tx,
    'experiment_requests',
    'id',
    mine.flatMap(({ envelope: e }) => ('requestId' in e.data ? [e.data.requestId] : [])),
  );
  if (deleted.length > 0) {
    for (const r of (await loadRowsOf(tx, deleted)).values()) rows.set(r.id, r);
  }
  const tombstones = await deletionTimes(
    tx,
    mine.map((r) => r.envelope.data.experimentId),
  );
  const changed = new Map<string, Request | null>();
  const members = new Map<string, Row<'memberships'>[]>();
  const changes: Row<'changes'>[] = [];
  for (const r of mine) {
    const e = r.envelope;
    const { experimentId } = e.data;
    changes.push({
      topic: r.topic,
      part: r.partition,
      off: r.offset,
      type: e.type,
      subject: experimentId,
      name: e.data.name,
      patch: {},
    });
    if (e.type === 'experiment.deleted') {
      for (const [id, row] of new Map([...rows, ...changed])) {
        if (row?.experiment_id !== experimentId) continue;
        const left = row.asked_at !== null && row.asked_at > e.time;
        changed.set(id, left ? { ...row, ...noEvents, sort_key: row.asked_at! } : null);
        members.set(id, []);
      }
      continue;
    }
    if (e.type === 'experiment.run' && e.time <= (tombstones.get(experimentId) ?? '')) continue;
    const id = e.data.requestId;
    const before = (changed.has(id) ? changed.get(id) : rows.get(id)) ?? null;
    const after = foldRequest(before ?? blank(e), e);
    changed.set(id, after);
    if (e.type === 'experiment.expanded') {
      members.set(
        id,
        e.data.runs.map((m, position) => ({
          request_id: id,
          run_id: m.runId,
          position,
          cell: m.cell,
          method: m.method,
          seed: m.seed,
        })),
      );
    }
  }
  await deleteByKey(
    tx,
    'experiment_requests',
    'id',
    [...changed].filter(([, row]) => row === null).map(([id]) => id),
  );
  await replaceRows(
    tx,
    'experiment_requests',
    'id',
    [...changed.values()].filter((row) => row !== null),
  );
  await deleteByKey(tx, 'memberships', 'request_id', [...members.keys()]);
  await insertRows(tx, 'memberships', [...members.values()].flat(), 'on conflict do nothing');
  await insertRows(tx, 'changes', changes);
};

const loadRowsOf = async (tx: Parameters<Fold>[0], experimentIds: string[]): Promise<Request[]> =>
  (await sql<Request>`select * from experiment_requests where experiment_id = any(${experimentIds})`.execute(tx)).rows;

type RequestMessage = RecordOf<Exclude<(typeof types)[number], 'experiment.deleted'>>['envelope'];

const noEvents = { accepted_at: null, waiting_for: null, expanded: false, error: null, runs_signature: null };

const blank = ({ data, projectId, time }: RequestMessage): Request => ({
  id: data.requestId,
  project_id: projectId,
  experiment_id: data.experimentId,
  name: data.name,
  preset: data.preset,
  base_preset: data.preset,
  seeds: null,
  set: [],
  fresh_nonce: null,
  priority: 0,
  asked_at: null,
  ...noEvents,
  sort_key: time,
});

const asked = (d: ExperimentRequest): Partial<Request> => ({
  base_preset: d.basePreset,
  seeds: d.seeds,
  set: d.set,
  fresh_nonce: d.freshNonce,
  priority: d.priority,
});

function foldRequest(row: Request, e: RequestMessage): Request {
  switch (e.type) {
    case 'experiment.run':
      return sorted({ ...row, ...asked(e.data), asked_at: row.asked_at ?? e.time });
    case 'experiment.accepted':
      return sorted({
        ...row,
        ...asked(e.data),
        accepted_at: row.accepted_at ?? e.time,
        waiting_for: e.data.waitingFor,
      });
    case 'experiment.expanded':
      return {
        ...row,
        expanded: true,
        error: null,
        runs_signature: sha256Hex(
          e.data.runs
            .map((r) => r.runId)
            .sort()
            .join('\n'),
        ),
      };
    case 'experiment.failed':
      return { ...row, error: e.data.error };
  }
}

/** Requests for one preset are ordered by when they were asked for. */
const sorted = (row: Request): Request => ({ ...row, sort_key: row.asked_at ?? row.accepted_at ?? row.sort_key });
