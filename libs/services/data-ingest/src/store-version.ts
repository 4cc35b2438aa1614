import { objectKeys } from '@minvar/contracts';
import type { DatasetManifest } from '@minvar/contracts';
import type { ObjectStore } from '@minvar/service-kit';
import type { BuiltVersion } from './build-version';

export const versionPrefix = (m: Pick<DatasetManifest, 'datasetId' | 'versionId'>): string =>
  objectKeys.datasetPrefix(m.datasetId, m.versionId);
export const manifestKey = (m: Pick<DatasetManifest, 'datasetId' | 'versionId'>): string =>
  `${versionPrefix(m)}manifest.json`;

/**
 * Puts a version into the store: arrays, card, and the manifest last, so that a version exists when its manifest does. When
 * anything fails before that, what was written is removed again; `signal` stops it between two objects and leaves them for
 * the resumed ingest.
 */
export async function storeVersion(
  store: ObjectStore,
  built: BuiltVersion,
  signal: AbortSignal,
  onProgress: (doneBytes: number, totalBytes: number) => void,
): Promise<void> {
  const prefix = versionPrefix(built.manifest);
  const sizes = new Map(
    built.manifest.splits
      .flatMap((s) => [s.inputs, s.labels, s.attributes])
      .flatMap((a) => (a ? [[a.path, a.sizeBytes] as const] : [])),
  );
  const total = [...sizes.values()].reduce((a, b) => a + b, 0);
  const written: string[] = [];
  let done = 0;
  try {
    for (const [path, file] of built.files) {
      signal.throwIfAborted();
      written.push(`${prefix}${path}`);
      await store.put(`${prefix}${path}`, { file });
      done += sizes.get(path)!;
      onProgress(done, total);
    }
    written.push(`${prefix}${built.manifest.card.path}`);
    await store.put(`${prefix}${built.manifest.card.path}`, Buffer.from(built.card));
    signal.throwIfAborted();
    await store.put(manifestKey(built.manifest), Buffer.from(`${JSON.stringify(built.manifest, null, 1)}\n`));
  } catch (e) {
    if (!signal.aborted) for (const key of written) await store.remove(key).catch(() => {});
    throw e;
  }
}

/** Removes a version: the manifest first, so that nothing half removed looks whole; then all that lies below it. */
export async function removeVersion(
  store: ObjectStore,
  version: { datasetId: string; versionId: string },
): Promise<number> {
  await store.remove(manifestKey(version));
  let removed = 0;
  for await (const { key } of store.list(versionPrefix(version))) {
    await store.remove(key);
    removed++;
  }
  return removed;
}
