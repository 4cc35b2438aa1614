import { createReadStream } from 'node:fs';
import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import type { ChunkRef, Fingerprint, FromChild, RunRecord, RunResult } from '@minvar/contracts';
import { canonicalJson, objectKeys, runResult } from '@minvar/contracts';
import type { ObjectStore } from '@minvar/service-kit';
import { seriesAsParquet } from './metric-series';
import { uploadBytes, uploadFile } from './store-io';

export type Finished = Extract<FromChild, { kind: 'finished' }>;
type Stored = RunResult['weights'];

async function storeFile(store: ObjectStore, key: string, path: string): Promise<Stored> {
  const hash = createHash('sha256');
  for await (const block of createReadStream(path)) hash.update(block as Buffer);
  const file = { sizeBytes: (await stat(path)).size, sha256: hash.digest('hex') };
  await uploadFile(store, key, path, file);
  return { key, ...file };
}

/** True when parts of a run were computed under different fingerprints: its bits are then not promised. */
export const numericsChanged = (history: readonly Fingerprint[]): boolean =>
  new Set(history.map(canonicalJson)).size > 1;

/**
 * Uploads what a finished run leaves behind (weights, stored forward passes, the series as Parquet), then the result that
 * names it all. Keys carry the term, so that a replaced owner overwrites nothing that counts.
 */
export async function storeResult(
  store: ObjectStore,
  run: {
    readonly record: RunRecord;
    readonly term: number;
    readonly history: readonly Fingerprint[];
    readonly chunks: readonly ChunkRef[];
  },
  finished: Finished,
  seconds: number,
): Promise<{ readonly key: string; readonly result: RunResult }> {
  const { runId, specHash, datasetVersionId } = run.record;
  const prefix = objectKeys.runPrefix(runId);
  const weights = await storeFile(store, `${prefix}results/${run.term}/weights.safetensors`, finished.weights);
  const outputs: RunResult['outputs'] = [];
  for (const { arrays: paths, ...output } of finished.outputs) {
    const arrays: Record<string, Stored> = {};
    for (const [name, path] of Object.entries(paths)) {
      arrays[name] = await storeFile(
        store,
        `${objectKeys.activations(runId, output.epoch)}${output.split}-${name}.${run.term}.npy`,
        path,
      );
    }
    outputs.push({ ...output, arrays });
  }
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
    outputs,
  });
  const key = objectKeys.runResult(runId, run.term);
  await uploadBytes(store, key, Buffer.from(JSON.stringify(result)));
  return { key, result };
}
