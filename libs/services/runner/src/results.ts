import type { ChunkRef, Fingerprint, FromChild, RunRecord, RunResult, StoredOutput } from '@minvar/contracts';
import { canonicalJson, objectKeys, runResult } from '@minvar/contracts';
import type { ObjectStore } from '@minvar/service-kit';
import { seriesAsParquet } from './metric-series';
import { uploadBytes } from './store-io';
import { storeFile } from './stored-outputs';

export type Finished = Extract<FromChild, { kind: 'finished' }>;

/** True when parts of a run were computed under different fingerprints: its bits are then not promised. */
export const numericsChanged = (history: readonly Fingerprint[]): boolean =>
  new Set(history.map(canonicalJson)).size > 1;

/**
 * Uploads what a finished run leaves behind (weights, the series as Parquet), then the result that names it all, stored forward passes
 * among it. Keys carry the term, so that a replaced owner overwrites nothing that counts.
 */
export async function storeResult(
  store: ObjectStore,
  run: {
    readonly record: RunRecord;
    readonly term: number;
    readonly history: readonly Fingerprint[];
    readonly chunks: readonly ChunkRef[];
    readonly outputs: readonly StoredOutput[];
  },
  finished: Finished,
  seconds: number,
): Promise<{ readonly key: string; readonly result: RunResult }> {
  const { runId, specHash, datasetVersionId } = run.record;
  const prefix = objectKeys.runPrefix(runId);
  const weights = await storeFile(store, `${prefix}results/${run.term}/weights.safetensors`, finished.weights);
  await uploadBytes(store, `${prefix}metrics.parquet`, await seriesAsParquet(store, run.chunks));
  const result = runResult.parse({
    v: 1,
    runId,
    specHash,
    datasetVersionId,
    fingerprints: run.history,
    numericsChanged: numericsChanged(run.history),
    seconds,
    steps: finished.steps,
    chunks: run.chunks,
    weights,
    stateSha256: finished.stateSha256,
    outputs: run.outputs,
  });
  const key = objectKeys.runResult(runId, run.term);
  await uploadBytes(store, key, Buffer.from(JSON.stringify(result)));
  return { key, result };
}
