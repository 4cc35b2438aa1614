import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { canonicalJson, datasetManifest, objectKeys } from '@minvar/contracts';
import type { DatasetManifest } from '@minvar/contracts';
import { readDocument } from '@minvar/service-kit';
import type { ObjectStore } from '@minvar/service-kit';
import sharp from 'sharp';

/**
 * Names the code that makes versions: SHA-256 of the file that this module was built into, which names those it imports by their
 * own hashes, and the image decoder's versions. Other code may make something else of the same sources.
 */
export const thisCode = (): string =>
  (code ??= createHash('sha256')
    .update(readFileSync(fileURLToPath(import.meta.url)))
    .update(canonicalJson({ ...sharp.versions }))
    .digest('hex'));
let code: string | null = null;

/** What a version is made of. Where its sources came from does not matter. */
export interface Making {
  readonly madeBy: string;
  readonly parameters: DatasetManifest['parameters'];
  readonly sources: DatasetManifest['sources'];
}

const keyOf = ({ madeBy, parameters, sources }: Making): string =>
  canonicalJson({
    madeBy,
    parameters,
    sources: sources.map(({ name, sizeBytes, sha256 }) => ({ name, sizeBytes, sha256 })),
  });

/** The version that this code made of these parameters and sources before; null when there is none. */
export async function madeBefore(
  store: Pick<ObjectStore, 'get' | 'list'>,
  datasetId: string,
  making: Making,
): Promise<DatasetManifest | null> {
  const wanted = keyOf(making);
  for await (const { key } of store.list(objectKeys.datasetFolder(datasetId))) {
    if (!key.endsWith('/manifest.json')) continue;
    const found = await readDocument(store, key, datasetManifest);
    // Removed since it was listed, or of another time: it is made anew.
    if (found === null || found === 'unreadable') continue;
    if (found.madeBy !== undefined && keyOf({ ...found, madeBy: found.madeBy }) === wanted) return found;
  }
  return null;
}
