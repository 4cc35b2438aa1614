import type { Row } from '../schema/tables';
import type { Fold, RecordOf } from './record';
import { ofTypes } from './record';
import { insertRows, loadRows, replaceRows } from './write-rows';

const types = [
  'dataset.ingest',
  'dataset.ingestProgress',
  'dataset.ingestFailed',
  'dataset.versionCreated',
  'dataset.versionDeleted',
] as const;
type DatasetRecord = RecordOf<(typeof types)[number]>;
type Ingest = Row<'ingests'>;

/** Ingests and the versions that they made. */
export const foldDatasets: Fold = async (tx, records) => {
  const mine = ofTypes(records, ...types);
  if (mine.length === 0) return;
  const ingests = await loadRows(
    tx,
    'ingests',
    'id',
    mine.flatMap(({ envelope: e }) => ('ingestId' in e.data ? [e.data.ingestId] : [])),
  );
  const changed = new Map<string, Ingest>();
  const known = await loadRows(
    tx,
    'dataset_versions',
    'id',
    mine.flatMap(({ envelope: e }) => ('versionId' in e.data ? [e.data.versionId] : [])),
  );
  const versions = new Map<string, Row<'dataset_versions'>>();
  const changes: Row<'changes'>[] = [];
  for (const r of mine) {
    const e = r.envelope;
    if (e.type === 'dataset.versionDeleted') {
      const version = versions.get(e.data.versionId) ?? known.get(e.data.versionId);
      if (version) versions.set(version.id, { ...version, deleted: true });
      changes.push(change(r, e.data.versionId, { deleted: true }));
      continue;
    }
    const id = e.data.ingestId;
    const before = changed.get(id) ?? ingests.get(id) ?? unknownIngest(id, e.projectId, e.data.name);
    const after = foldIngest(before, r);
    changed.set(id, after);
    if (e.type === 'dataset.versionCreated') {
      const { manifest: m, prefix } = e.data;
      versions.set(m.versionId, {
        id: m.versionId,
        project_id: e.projectId,
        dataset_id: m.datasetId,
        name: m.name,
        version: m.version,
        prefix,
        created_at: m.createdAt,
        manifest: m,
        deleted: false,
      });
    }
    if (e.type !== 'dataset.ingest') {
      const { phase, done_bytes, total_bytes, version_id, error } = after;
      changes.push(change(r, id, { phase, done_bytes, total_bytes, version_id, error }));
    }
  }
  await replaceRows(tx, 'ingests', 'id', [...changed.values()]);
  await replaceRows(tx, 'dataset_versions', 'id', [...versions.values()]);
  await insertRows(tx, 'changes', changes);
};

const unknownIngest = (id: string, projectId: string, name: string): Ingest => ({
  id,
  project_id: projectId,
  name,
  parameters: {},
  source: null,
  asked_at: null,
  phase: 'queued',
  done_bytes: 0,
  total_bytes: null,
  version_id: null,
  error: null,
});

/** The command says what was asked, the events how it goes: two topics, disjoint columns (equal ones where both speak). */
function foldIngest(row: Ingest, { envelope: e }: DatasetRecord): Ingest {
  switch (e.type) {
    case 'dataset.ingest':
      return { ...row, parameters: e.data.parameters, source: e.data.source, asked_at: row.asked_at ?? e.time };
    case 'dataset.ingestProgress':
      return {
        ...row,
        phase: e.data.phase,
        done_bytes: e.data.doneBytes,
        total_bytes: e.data.totalBytes,
        version_id: null,
        error: null,
      };
    case 'dataset.ingestFailed':
      return { ...row, parameters: e.data.parameters, phase: 'failed', version_id: null, error: e.data.error };
    case 'dataset.versionCreated':
      return {
        ...row,
        parameters: e.data.parameters,
        phase: 'done',
        version_id: e.data.manifest.versionId,
        error: null,
      };
    case 'dataset.versionDeleted':
      return row;
  }
}

const change = (r: DatasetRecord, subject: string, patch: Record<string, unknown>): Row<'changes'> => ({
  topic: r.topic,
  part: r.partition,
  off: r.offset,
  type: r.envelope.type,
  subject,
  name: r.envelope.data.name,
  patch,
});
