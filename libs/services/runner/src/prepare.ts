import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { RunHead, RunRecord } from '@minvar/contracts';
import { idKind, objectKeys, runHead, runRecord, runResult } from '@minvar/contracts';
import type { ObjectStore } from '@minvar/service-kit';
import type { RestoredCheckpoint } from './checkpoints';
import { restoreCheckpoint } from './checkpoints';
import type { LocalDataset } from './dataset-cache';
import { localDataset } from './dataset-cache';
import { Broken } from './persist';
import { downloadFile, readJson } from './store-io';

export interface Prepared {
  readonly record: RunRecord;
  readonly dataset: LocalDataset;
  readonly restored: RestoredCheckpoint | null;
  readonly initFile: string | null;
}

/** Everything a child needs to go on with a run, on this machine. `Broken` when it cannot be had; other errors may pass. */
export async function prepare(
  store: ObjectStore,
  head: RunHead,
  dirs: { readonly cacheDir: string; readonly scratchDir: string },
  warn: (text: string) => void,
): Promise<Prepared> {
  const found = await readJson(store, objectKeys.runSpec(head.runId), runRecord);
  if (!found) throw new Broken(`${objectKeys.runSpec(head.runId)} is not in the store`);
  const record = found.value;
  const { projectId, datasetVersionId: versionId, spec } = record;
  const dataset = await localDataset(store, dirs.cacheDir, { projectId, name: spec.data.name, versionId });
  const restored = await restoreCheckpoint(store, head, join(dirs.scratchDir, 'resume'), (pointer, because) =>
    warn(`checkpoint ${pointer.prefix} is torn (${because}); going back to the one before`),
  );
  const initFile = spec.init && !restored ? await localWeights(store, spec.init.from, dirs.scratchDir) : null;
  return { record, dataset, restored, initFile };
}

/** `init.from`: the final weights of a succeeded run by its id, or a safetensors file of this machine. */
async function localWeights(store: ObjectStore, from: string, scratchDir: string): Promise<string> {
  if (idKind(from) !== 'run') {
    if (existsSync(from)) return from;
    throw new Broken(`init.from: '${from}' is neither the id of a run nor a safetensors file on this machine`);
  }
  const source = await readJson(store, objectKeys.runHead(from), runHead);
  const resultKey = source?.value.outcome?.resultKey;
  const result = resultKey ? await readJson(store, resultKey, runResult) : null;
  if (!result) throw new Broken(`init.from: run ${from} has not succeeded, so it has no weights`);
  const path = join(scratchDir, 'init.safetensors');
  await downloadFile(store, result.value.weights.key, path, result.value.weights);
  return path;
}
