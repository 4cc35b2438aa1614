import { randomBytes } from 'node:crypto';
import { link, mkdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { ArrayFile, DatasetManifest } from '@minvar/contracts';
import { datasetIdOf, datasetManifest, objectKeys } from '@minvar/contracts';
import type { ObjectStore } from '@minvar/service-kit';
import { Broken } from './persist';
import { downloadFile, readJson } from './store-io';

export interface LocalDataset {
  readonly manifest: DatasetManifest;
  /** folder that holds the manifest's arrays under their own paths */
  readonly dir: string;
}

/**
 * A dataset version on this machine. Arrays lie under their SHA-256 in `<cacheDir>/blobs`, each fetched once and checked
 * while it is written; versions are folders of hard links to them. Many processes may fetch at the same time.
 */
export async function localDataset(
  store: ObjectStore,
  cacheDir: string,
  wanted: { projectId: string; name: string; versionId: string },
): Promise<LocalDataset> {
  const prefix = objectKeys.datasetPrefix(datasetIdOf(wanted.projectId, wanted.name), wanted.versionId);
  const found = await readJson(store, `${prefix}manifest.json`, datasetManifest);
  if (!found)
    throw new Broken(
      `dataset '${wanted.name}' has no version ${wanted.versionId}: ${prefix}manifest.json is not in the store`,
    );
  const manifest = found.value;
  const dir = join(cacheDir, 'datasets', manifest.versionId);
  for (const split of manifest.splits) {
    for (const array of [split.inputs, split.labels, split.attributes]) {
      if (array) await place(store, cacheDir, `${prefix}${array.path}`, array, join(dir, safePath(array.path)));
    }
  }
  return { manifest, dir };
}

/** A path below the version's folder, as data-ingest writes them. */
function safePath(path: string): string {
  if (!/^data\/[\w.-]+\.npy$/.test(path))
    throw new Broken(`dataset manifest names the array '${path}'; expected data/<name>.npy`);
  return path;
}

async function place(store: ObjectStore, cacheDir: string, key: string, array: ArrayFile, path: string): Promise<void> {
  const blob = join(cacheDir, 'blobs', 'sha256', array.sha256.slice(0, 2), array.sha256);
  if (!(await hasSize(blob, array.sizeBytes))) {
    await mkdir(dirname(blob), { recursive: true });
    const part = `${blob}.${randomBytes(6).toString('hex')}.part`;
    try {
      await downloadFile(store, key, part, array);
      await rename(part, blob);
    } finally {
      await rm(part, { force: true });
    }
  }
  if (await hasSize(path, array.sizeBytes)) return;
  await mkdir(dirname(path), { recursive: true });
  const fresh = `${path}.${randomBytes(6).toString('hex')}`;
  await link(blob, fresh);
  await rename(fresh, path);
  await rm(fresh, { force: true });
}

const hasSize = async (path: string, size: number): Promise<boolean> =>
  (await stat(path).catch(() => null))?.size === size;
