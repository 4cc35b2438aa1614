import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { CheckpointManifest, CheckpointPointer, RunHead } from '@minvar/contracts';
import { checkpointManifest, objectKeys, sha256Hex } from '@minvar/contracts';
import type { ObjectStore } from '@minvar/service-kit';
import { Broken } from './persist';
import { checkOutputs } from './stored-outputs';
import { downloadFile, readBytes, uploadBytes, uploadFile } from './store-io';

/** Uploads a checkpoint's files from `dir`, then its manifest: a checkpoint exists when its manifest does. */
export async function storeCheckpoint(
  store: ObjectStore,
  dir: string,
  manifest: CheckpointManifest,
): Promise<CheckpointPointer> {
  const prefix = objectKeys.checkpoint(manifest.runId, manifest.term, manifest.step);
  for (const file of manifest.files) await uploadFile(store, `${prefix}${file.name}`, join(dir, file.name), file);
  const bytes = Buffer.from(JSON.stringify(manifest));
  await uploadBytes(store, `${prefix}manifest.json`, bytes);
  return { prefix, term: manifest.term, step: manifest.step, epoch: manifest.epoch, manifestSha256: sha256Hex(bytes) };
}

export interface RestoredCheckpoint {
  readonly pointer: CheckpointPointer;
  readonly dir: string;
  readonly manifest: CheckpointManifest;
}

/**
 * The newest checkpoint of a head that is whole, its files verified and local in `dir`; null when there is none (start from
 * the beginning). Torn ones (a hash or a file is wrong) are reported; an unavailable store throws.
 */
export async function restoreCheckpoint(
  store: ObjectStore,
  head: RunHead,
  dir: string,
  torn: (pointer: CheckpointPointer, because: string) => void,
): Promise<RestoredCheckpoint | null> {
  for (const pointer of [head.checkpoint, head.previousCheckpoint]) {
    if (!pointer) continue;
    try {
      return { pointer, dir, manifest: await fetchCheckpoint(store, head, pointer, dir) };
    } catch (e) {
      if (!(e instanceof Broken)) throw e;
      torn(pointer, e.message);
    }
  }
  return null;
}

async function fetchCheckpoint(
  store: ObjectStore,
  head: RunHead,
  pointer: CheckpointPointer,
  dir: string,
): Promise<CheckpointManifest> {
  const key = `${pointer.prefix}manifest.json`;
  const found = await readBytes(store, key);
  if (!found) throw new Broken(`${key} is missing`);
  if (sha256Hex(found.bytes) !== pointer.manifestSha256)
    throw new Broken(`${key} does not have the hash that the head names`);
  const manifest = parseManifest(key, found.bytes);
  if (manifest.runId !== head.runId || manifest.specHash !== head.specHash)
    throw new Broken(`${key} is of another run or spec`);
  await rm(dir, { recursive: true, force: true });
  await mkdir(dir, { recursive: true });
  for (const file of manifest.files)
    await downloadFile(store, `${pointer.prefix}${file.name}`, join(dir, file.name), file);
  await checkOutputs(store, manifest.outputs, dir);
  for (const chunk of manifest.chunks) {
    const stored = await readBytes(store, chunk.key);
    if (!stored || sha256Hex(stored.bytes) !== chunk.sha256)
      throw new Broken(`${chunk.key}, a part of ${key}, is missing or changed`);
  }
  return manifest;
}

function parseManifest(key: string, bytes: Uint8Array): CheckpointManifest {
  try {
    return checkpointManifest.parse(JSON.parse(Buffer.from(bytes).toString('utf8')));
  } catch (e) {
    throw new Broken(`${key} is not what the contract says: ${(e as Error).message.slice(0, 300)}`);
  }
}

/**
 * Removes checkpoints that the head no longer names. Only of terms up to the owner's own: a successor may be writing one
 * of a later term just now.
 */
export async function pruneCheckpoints(store: ObjectStore, head: RunHead): Promise<void> {
  const kept = [head.checkpoint?.prefix, head.previousCheckpoint?.prefix];
  const all = `${objectKeys.runPrefix(head.runId)}checkpoints/`;
  for await (const { key } of store.list(all)) {
    const [, prefix, term] = /^(.*\/checkpoints\/(\d+)-\d+\/)[^/]+$/.exec(key) ?? [];
    if (prefix !== undefined && !kept.includes(prefix) && Number(term) <= head.term) await store.remove(key);
  }
}
