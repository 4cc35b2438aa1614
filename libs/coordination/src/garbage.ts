import type { AnyEnvelope, CheckpointManifest, DatasetManifest, RunHead, RunResult } from '@minvar/contracts';
import { isReference, isTerminal, messageByType, objectKeys } from '@minvar/contracts';

/**
 * What the log refers to in the object store: a fold of all command and event topics. It is whole only when every one of them was read
 * to its end; the order of topics does not matter.
 */
export interface Referred {
  /** keys of parts of messages */
  readonly blobs: Set<string>;
  readonly uploads: Set<string>;
  /** whether a run exists, as far as its own topic says */
  readonly runs: Map<string, boolean>;
  /** whose an analysis is, and when it was last said */
  readonly analyses: Map<string, { readonly of: string; readonly at: string }>;
  readonly deletedAt: Map<string, string>;
  /** ids in messages that could not be read: whatever they say, these stay */
  readonly unclear: Set<string>;
}

export const nothingReferred = (): Referred => ({
  blobs: new Set(),
  uploads: new Set(),
  runs: new Map(),
  analyses: new Map(),
  deletedAt: new Map(),
  unclear: new Set(),
});

const later = (a: string | undefined, b: string): string => (a !== undefined && a > b ? a : b);
const analysisOf = (key: string): string | undefined => /^analyses\/([^/]+)\//.exec(key)?.[1];

/** Folds one message in, in place. */
export function refer(r: Referred, e: AnyEnvelope): void {
  for (const name of messageByType.get(e.type)!.large) {
    const part = (e.data as Record<string, unknown>)[name];
    if (isReference(part)) r.blobs.add(part.key);
  }
  const analysis = (id: string, of: string): void =>
    void r.analyses.set(id, { of, at: later(r.analyses.get(id)?.at, e.time) });
  const deleted = (id: string): void => void r.deletedAt.set(id, later(r.deletedAt.get(id), e.time));
  switch (e.type) {
    case 'dataset.ingest':
      if (e.data.source !== null) r.uploads.add(e.data.source);
      return;
    case 'run.queued':
      r.runs.set(e.data.runId, true);
      return;
    case 'run.deleted':
      r.runs.set(e.data.runId, false);
      return deleted(e.data.runId);
    case 'experiment.deleted':
      return deleted(e.data.experimentId);
    case 'analysis.completed':
      analysis(e.data.analysisId, e.data.runId);
      for (const { key } of e.data.artifacts) analysis(analysisOf(key) ?? e.data.analysisId, e.data.runId);
      return;
    case 'experiment.judged':
      for (const { key } of e.data.artifacts) {
        const id = analysisOf(key);
        if (id !== undefined) analysis(id, e.data.experimentId);
      }
      return;
  }
}

/** Folds in the bytes of a message that cannot be read: every blob and id in it counts as referred to. */
export function referUnclear(r: Referred, text: string): void {
  for (const [key] of text.matchAll(/blobs\/sha256\/[0-9a-f]{2}\/[0-9a-f]{64}/g)) r.blobs.add(key);
  for (const [id] of text.matchAll(/\b[a-z]+_[0-9a-f-]{36}\b/g)) r.unclear.add(id);
}

/** What belongs together in the store and is judged together: all objects of a run, a dataset version, … */
export type Unit =
  | { readonly kind: 'run' | 'analysis' | 'upload'; readonly id: string }
  | { readonly kind: 'version'; readonly id: string; readonly datasetId: string }
  | { readonly kind: 'blob'; readonly id: string }
  | { readonly kind: 'other'; readonly id: string };

export function unitOf(key: string): Unit {
  const [first = '', second = '', third] = key.split('/');
  if (first === 'runs') return { kind: 'run', id: second };
  if (first === 'analyses') return { kind: 'analysis', id: second };
  if (first === 'datasets' && third !== undefined) return { kind: 'version', id: third, datasetId: second };
  if (first === 'blobs') return { kind: 'blob', id: key };
  // commands that data-ingest has taken and not answered
  if (first === 'uploads' && second !== 'data-ingest') return { kind: 'upload', id: second };
  return { kind: 'other', id: first };
}

/** What the store itself says of a run: its head, and the manifests that the head names (null: one of them cannot be read). */
export interface RunState {
  readonly head: RunHead | null;
  readonly result: RunResult | null;
  readonly checkpoints: readonly CheckpointManifest[] | null;
}

const runFile =
  /^runs\/[^/]+\/(?:(?<checkpoint>checkpoints\/(?<c>\d+)-\d+\/)|results\/(?<r>\d+)(?:\.json$|\/)|metrics\/(?<m>\d+)-|activations\/.*\.(?<a>\d+)\.npy$)/;

/**
 * Which objects of a run nobody needs: without a head all of them, unless the log knows the run; else what owners of earlier terms, or of a
 * run that has ended, left behind without its being named by the head, its checkpoints or its result.
 */
export function runGarbage(
  r: Referred,
  runId: string,
  { head, result, checkpoints }: RunState,
): (key: string) => boolean {
  if (r.unclear.has(runId)) return () => false;
  if (head === null) return () => r.runs.get(runId) !== true;
  if (checkpoints === null || (head.outcome?.resultKey && result === null)) return () => false;
  const named = new Set<string>([
    ...(head.outcome?.resultKey ? [head.outcome.resultKey] : []),
    ...(result ? [result.weights.key] : []),
    ...[...checkpoints, ...(result ? [result] : [])].flatMap((m) => [
      ...m.chunks.map((c) => c.key),
      ...m.outputs.flatMap((o) => Object.values(o.arrays).map((a) => a.key)),
    ]),
  ]);
  const pointed = [head.checkpoint, head.previousCheckpoint].flatMap((c) => c?.prefix ?? []);
  return (key) => {
    const found = runFile.exec(key)?.groups;
    if (!found || named.has(key) || pointed.some((prefix) => key.startsWith(prefix))) return false;
    const term = Number(found.c ?? found.r ?? found.m ?? found.a);
    return isTerminal(head.state) || term < head.term;
  };
}

/** Which objects of a dataset version nobody needs: without a manifest all of them, else those that it does not name. */
export function versionGarbage(
  r: Referred,
  versionId: string,
  manifest: DatasetManifest | 'unreadable' | null,
): (key: string) => boolean {
  if (manifest === 'unreadable' || r.unclear.has(versionId)) return () => false;
  if (manifest === null) return () => true;
  const prefix = objectKeys.datasetPrefix(manifest.datasetId, versionId);
  const arrays = manifest.splits.flatMap((s) => [s.inputs, s.labels, s.attributes].flatMap((a) => a?.path ?? []));
  const named = new Set(['manifest.json', manifest.card.path, ...arrays].map((path) => `${prefix}${path}`));
  return (key) => !named.has(key);
}

/** Whether nobody needs an analysis: no message of a run or experiment that is still there names it. */
export function isAnalysisGarbage(r: Referred, analysisId: string): boolean {
  if (r.unclear.has(analysisId)) return false;
  const known = r.analyses.get(analysisId);
  return known === undefined || (!r.unclear.has(known.of) && known.at <= (r.deletedAt.get(known.of) ?? ''));
}
export const isBlobGarbage = (r: Referred, key: string): boolean => !r.blobs.has(key);
export const isUploadGarbage = (r: Referred, uploadId: string): boolean =>
  !r.uploads.has(uploadId) && !r.unclear.has(uploadId);
