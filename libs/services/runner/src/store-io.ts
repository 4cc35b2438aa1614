import type { z } from 'zod';
import type { ObjectStore } from '@minvar/service-kit';
import { HashMismatchError, ObjectNotFoundError } from '@minvar/service-kit';
import { Broken } from './persist';

/** The store as the supervisor uses it: absence is an answer, wrong bytes are `Broken`, everything else may pass. */
export async function readBytes(
  store: ObjectStore,
  key: string,
): Promise<{ readonly bytes: Uint8Array; readonly etag: string } | null> {
  try {
    const { body, etag } = await store.get(key);
    return { bytes: body, etag };
  } catch (e) {
    if (e instanceof ObjectNotFoundError) return null;
    throw e;
  }
}

/** A JSON document of the contracts; null when there is none. */
export async function readJson<S extends z.ZodType>(
  store: ObjectStore,
  key: string,
  schema: S,
): Promise<{ readonly value: z.output<S>; readonly etag: string } | null> {
  const found = await readBytes(store, key);
  if (!found) return null;
  try {
    return { value: schema.parse(JSON.parse(Buffer.from(found.bytes).toString('utf8'))), etag: found.etag };
  } catch (e) {
    throw new Broken(`${key} is not what the contract says: ${(e as Error).message.slice(0, 300)}`);
  }
}

interface Expected {
  readonly sizeBytes: number;
  readonly sha256: string;
}

/** Fetches an object into a file; `Broken` when it is missing or its bytes do not match. */
export async function downloadFile(store: ObjectStore, key: string, path: string, { sha256 }: Expected): Promise<void> {
  try {
    await store.download(key, path, { sha256 });
  } catch (e) {
    if (e instanceof ObjectNotFoundError || e instanceof HashMismatchError) throw new Broken(e.message);
    throw e;
  }
}

/** Stores a file; throws when the file itself is not what it should be, so that a half-written one is never published. */
export async function uploadFile(
  store: ObjectStore,
  key: string,
  path: string,
  { sizeBytes }: Expected,
): Promise<void> {
  const { size } = await store.put(key, { file: path });
  if (size !== sizeBytes) throw new Broken(`${path} has ${size} bytes instead of ${sizeBytes}`);
}

export const uploadBytes = async (store: ObjectStore, key: string, bytes: Uint8Array): Promise<void> =>
  void (await store.put(key, bytes));
