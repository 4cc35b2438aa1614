import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { ChildOutput, StoredObjectRef, StoredOutput } from '@minvar/contracts';
import { objectKeys } from '@minvar/contracts';
import type { ObjectStore } from '@minvar/service-kit';
import { downloadFile, uploadFile } from './store-io';

/** Stores a file of this machine and says what it is. */
export async function storeFile(store: ObjectStore, key: string, path: string): Promise<StoredObjectRef> {
  const hash = createHash('sha256');
  for await (const block of createReadStream(path)) hash.update(block as Buffer);
  const file = { sizeBytes: (await stat(path)).size, sha256: hash.digest('hex') };
  await uploadFile(store, key, path, file);
  return { key, ...file };
}

/**
 * The stored forward passes of one run under one owner. Each goes to the store once, when the child has written it; checkpoints and the
 * result name it. Only what a published one names counts, so passes of a replaced owner never do: keys carry the term.
 */
export interface StoredOutputs {
  readonly add: (output: ChildOutput) => Promise<void>;
  readonly all: () => readonly StoredOutput[];
}

export function createStoredOutputs(
  store: ObjectStore,
  { runId, term }: { readonly runId: string; readonly term: number },
  from: readonly StoredOutput[],
): StoredOutputs {
  let all = from;
  return {
    all: () => all,
    add: async ({ arrays: paths, ...output }) => {
      const { epoch, split, statistics } = output;
      const name = statistics === 'as-trained' ? split : `${split}@${statistics}`;
      const arrays: Record<string, StoredObjectRef> = {};
      for (const [array, path] of Object.entries(paths))
        arrays[array] = await storeFile(
          store,
          `${objectKeys.activations(runId, epoch)}${name}-${array}.${term}.npy`,
          path,
        );
      all = [...all, { ...output, arrays }];
      // Room for the next ones; what cannot be removed goes with the scratch folder.
      for (const path of Object.values(paths)) await rm(path, { force: true }).catch(() => {});
    },
  };
}

/** Fetches every array of stored passes through `dir` and checks it; `Broken` when one is missing or damaged. */
export async function checkOutputs(store: ObjectStore, outputs: readonly StoredOutput[], dir: string): Promise<void> {
  const path = join(dir, 'output.npy');
  for (const { arrays } of outputs) {
    for (const array of Object.values(arrays)) {
      await downloadFile(store, array.key, path, array);
      await rm(path, { force: true });
    }
  }
}

/**
 * Removes arrays that a finished run's result does not name: those of owners that were replaced. Only of terms up to the one that finished it.
 */
export async function pruneOutputs(
  store: ObjectStore,
  { runId, term }: { readonly runId: string; readonly term: number },
  outputs: readonly StoredOutput[],
): Promise<void> {
  const named = new Set(outputs.flatMap((o) => Object.values(o.arrays).map((a) => a.key)));
  for await (const { key } of store.list(`${objectKeys.runPrefix(runId)}activations/`)) {
    const [, of] = /\.(\d+)\.npy$/.exec(key) ?? [];
    if (of !== undefined && Number(of) <= term && !named.has(key)) await store.remove(key);
  }
}
