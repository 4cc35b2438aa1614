import { open } from 'node:fs/promises';
import type { Content } from '../port';
import type { S3Connection } from './connection';
import { bareEtag } from './connection';
import { isMissing, isUnavailable } from './failure';

export const smallestPart = 5 * 1024 * 1024;
const partBytes = 8 * 1024 * 1024;
/** parts on their way at once: with the one being read, 40 MiB of memory an upload */
const width = 4;

/** Size of part number `n`: S3 takes 10,000 parts, so later ones grow; 8 GiB in small parts, then up to half a tebibyte more. */
const sizeOfPart = (n: number): number => (n <= 1000 ? partBytes : 8 * partBytes);

/** Cuts content into parts in order; the last is the only one that may be shorter. */
async function* partsOf(content: Content): AsyncGenerator<Buffer> {
  let n = 1;
  if (content instanceof Uint8Array) {
    const all = Buffer.from(content.buffer, content.byteOffset, content.byteLength);
    for (let at = 0; at < all.length; at += sizeOfPart(n++)) yield all.subarray(at, at + sizeOfPart(n));
  } else if ('file' in content) {
    const file = await open(content.file, 'r');
    try {
      for (; ; n++) {
        const part = Buffer.allocUnsafe(sizeOfPart(n));
        let filled = 0;
        while (filled < part.length) {
          const { bytesRead } = await file.read(part, filled);
          if (bytesRead === 0) break;
          filled += bytesRead;
        }
        if (filled > 0) yield part.subarray(0, filled);
        if (filled < part.length) return;
      }
    } finally {
      await file.close();
    }
  } else {
    let waiting: Buffer[] = [];
    let bytes = 0;
    for await (const chunk of content) {
      waiting.push(typeof chunk === 'string' ? Buffer.from(chunk) : (chunk as Buffer));
      bytes += waiting.at(-1)!.length;
      while (bytes >= sizeOfPart(n)) {
        const all = Buffer.concat(waiting);
        const size = sizeOfPart(n++);
        yield all.subarray(0, size);
        waiting = [all.subarray(size)];
        bytes = all.length - size;
      }
    }
    if (bytes > 0) yield Buffer.concat(waiting);
  }
}

/**
 * Writes an object: content of one part by one PUT, more as a multipart upload, several parts at once. Readers see the object only when
 * it is whole; when anything fails the upload is taken back. `onBytes` sees every byte once, in order, before it is sent; what it
 * throws at the end (`onEnd`) stops the object from appearing.
 */
export async function upload(
  connection: S3Connection,
  key: string,
  content: Content,
  { onBytes, onEnd }: { onBytes?: (part: Buffer) => void; onEnd?: () => void } = {},
): Promise<{ size: number; etag: string }> {
  const headers = { 'content-type': key.endsWith('.json') ? 'application/json' : 'application/octet-stream' };
  const parts = partsOf(content);
  try {
    let size = 0;
    const next = async (): Promise<Buffer | null> => {
      const { done, value } = await parts.next();
      if (done) {
        onEnd?.();
        return null;
      }
      size += value.length;
      onBytes?.(value);
      return value;
    };
    const first = (await next()) ?? Buffer.alloc(0);
    const second = first.length === 0 ? null : await next();
    if (second === null) {
      const { headers: answer } = await connection.patiently(() =>
        connection.send({ method: 'PUT', key, headers, body: first }),
      );
      return { size, etag: bareEtag(answer.etag) };
    }
    const etag = await inParts(connection, key, headers, [first, second], next, () => size);
    return { size, etag };
  } finally {
    await parts.return(undefined);
  }
}

async function inParts(
  connection: S3Connection,
  key: string,
  headers: Record<string, string>,
  begun: Buffer[],
  next: () => Promise<Buffer | null>,
  size: () => number,
): Promise<string> {
  const { client, bucket, patiently, timely } = connection;
  const uploadId = await patiently(() => timely(() => client.initiateNewMultipartUpload(bucket, key, headers)));
  const etags: { part: number; etag: string }[] = [];
  const running = new Set<Promise<void>>();
  let failure: { error: unknown } | null = null;
  const start = (part: number, body: Buffer): void => {
    const query = `partNumber=${part}&uploadId=${encodeURIComponent(uploadId)}`;
    const work = patiently(() => connection.send({ method: 'PUT', key, query, body }))
      .then(({ headers }) => void (etags[part - 1] = { part, etag: bareEtag(headers.etag) }))
      .catch((error: unknown) => void (failure ??= { error }))
      .finally(() => running.delete(work));
    running.add(work);
  };
  try {
    let part = 0;
    for (let body = begun.shift() ?? null; body; body = begun.shift() ?? (await next())) {
      while (running.size >= width) await Promise.race(running);
      if (failure) break;
      start(++part, body);
    }
    await Promise.all(running);
    if (failure) throw (failure as { error: unknown }).error;
    return await complete(connection, key, uploadId, etags, size());
  } catch (error) {
    await Promise.all(running);
    // Where even that fails, the store's own rule for abandoned uploads takes it.
    await timely(() => client.abortMultipartUpload(bucket, key, uploadId)).catch(() => {});
    throw error;
  }
}

/** Makes the object of its parts. Told again because no answer came, the store may say that it does not know the upload: it is done then. */
async function complete(
  { client, bucket, patiently, timely, send }: S3Connection,
  key: string,
  uploadId: string,
  etags: { part: number; etag: string }[],
  size: number,
): Promise<string> {
  let unsure = false;
  return patiently(async () => {
    try {
      const { etag } = await timely(() => client.completeMultipartUpload(bucket, key, uploadId, etags));
      return bareEtag(etag);
    } catch (error) {
      if (unsure && isMissing(error)) {
        const { headers } = await send({ method: 'HEAD', key });
        const etag = bareEtag(headers.etag);
        if (Number(headers['content-length']) === size && etag.endsWith(`-${etags.length}`)) return etag;
      }
      unsure ||= isUnavailable(error);
      throw error;
    }
  });
}
