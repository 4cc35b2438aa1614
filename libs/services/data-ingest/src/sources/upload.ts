import { createHash } from 'node:crypto';
import { objectKeys } from '@minvar/contracts';
import { openArchive } from '@minvar/datasets';
import type { ArchiveFile } from '@minvar/datasets';
import type { ObjectStore } from '@minvar/service-kit';
import type { FoundSource } from './open-file';
import { verified } from './packed-file';

/** An uploaded archive: the one object of its upload, hashed now and streamed later. */
export async function openUpload(
  spec: ArchiveFile,
  store: ObjectStore,
  uploadId: string,
  signal: AbortSignal,
): Promise<FoundSource> {
  const keys: string[] = [];
  for await (const { key } of store.list(objectKeys.upload(uploadId), { limit: 2 })) keys.push(key);
  const [key] = keys;
  if (key === undefined || keys.length > 1 || !/\.(tar|tar\.gz|tgz)$/.test(key))
    throw new Error(
      `the upload '${uploadId}' holds ${keys.length === 0 ? 'nothing' : keys.length > 1 ? 'several files' : `'${key!.split('/').at(-1)}'`}; one .tar or .tar.gz of images is needed`,
    );
  const file = `upload ${uploadId}`;
  const hash = createHash('sha256');
  const { body, size } = await store.getStream(key);
  for await (const chunk of body as AsyncIterable<Buffer>) {
    signal.throwIfAborted();
    hash.update(chunk);
  }
  const sha256 = hash.digest('hex');
  async function* packed(): AsyncGenerator<Uint8Array> {
    yield* verified((await store.getStream(key!)).body as AsyncIterable<Buffer>, { sha256, file });
  }
  return { source: openArchive(spec, packed, { sha256, origin: 'upload', file }), sizeBytes: size, sha256, from: file };
}
