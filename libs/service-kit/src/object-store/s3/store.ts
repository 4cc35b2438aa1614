import { createHash, randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { rename } from 'node:fs/promises';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { dirname, resolve } from 'node:path';
import { objectKeys } from '@minvar/contracts';
import { isFull, StorageFullError } from '../../errors';
import { ensureFolder, writeTemporary } from '../files';
import { checkKey, checkPrefix } from '../key';
import type { ByteRange, ObjectStore, StoredObject } from '../port';
import { HashMismatchError, ObjectNotFoundError } from '../port';
import { probeConditionalWrites } from '../probe';
import type { S3ConnectionOptions } from './connection';
import { bareEtag, createS3Connection, s3Client } from './connection';
import { isMissing, isStatus, isUnavailable } from './failure';
import { swapObject } from './swap';
import { smallestPart, upload } from './upload';

export type S3StoreOptions = S3ConnectionOptions;

const longestLink = 7 * 24 * 3600;

/**
 * Objects in a bucket of an S3 server with conditional PUT (`If-None-Match: *`, `If-Match`), which is probed here: a store without it is
 * refused. Uses GET, HEAD, PUT, DELETE, ListObjectsV2, multipart uploads and copies, nothing that only one server has. Every call gives up
 * after a while with `ObjectStoreUnavailableError`, having tried again where that does no harm.
 */
export async function createS3Store(options: S3StoreOptions): Promise<ObjectStore> {
  const { s3, region = 'us-east-1' } = options;
  const connection = createS3Connection(options);
  const { named, patiently, send } = connection;
  const reader = s3Client(s3.publicEndpoint, s3.readAccessKey, s3.readSecretKey, region);
  const nonce = randomUUID();

  const infoOf = (key: string, headers: IncomingHttpHeaders): StoredObject => ({
    key,
    size: Number(/\/(\d+)$/.exec(headers['content-range'] ?? '')?.[1] ?? headers['content-length']),
    etag: bareEtag(headers.etag),
    modifiedAt: new Date(headers['last-modified'] ?? 0),
  });

  const outside = (key: string, size: number, range: ByteRange): RangeError =>
    new RangeError(`'${key}' has ${size} bytes; the range ${range.start}–${range.end ?? ''} is outside it`);

  async function head(key: string): Promise<StoredObject | null> {
    try {
      return infoOf(key, (await patiently(() => send({ method: 'HEAD', key }))).headers);
    } catch (error) {
      if (isMissing(error)) return null;
      throw error;
    }
  }

  /** Opens an object or a range of it; the answer's body is still to be read. */
  async function openObject(key: string, range?: ByteRange): Promise<{ info: StoredObject; body: IncomingMessage }> {
    checkKey(key);
    if (range && (range.start < 0 || (range.end ?? range.start) < range.start)) {
      const there = await head(key);
      throw there ? outside(key, there.size, range) : new ObjectNotFoundError(key);
    }
    const headers: Record<string, string> = range ? { range: `bytes=${range.start}-${range.end ?? ''}` } : {};
    try {
      const body = await connection.open({ method: 'GET', key, headers });
      return { info: infoOf(key, body.headers), body };
    } catch (error) {
      if (isMissing(error)) throw new ObjectNotFoundError(key);
      if (range && isStatus(error, 416)) throw outside(key, error.size ?? (await head(key))?.size ?? 0, range);
      throw error;
    }
  }

  async function readAll(key: string, range?: ByteRange): Promise<StoredObject & { body: Buffer }> {
    return patiently(async () => {
      const { info, body } = await openObject(key, range);
      const chunks: Buffer[] = [];
      for await (const chunk of body) chunks.push(chunk as Buffer);
      return { ...info, body: Buffer.concat(chunks) };
    });
  }

  /** Makes an object young again by copying it onto itself, without sending it; false where the server does not do that or leaves its age. */
  async function touch(key: string, before: Date): Promise<boolean> {
    const headers = { 'x-amz-copy-source': `/${s3.bucket}/${key}`, 'x-amz-metadata-directive': 'REPLACE' };
    try {
      await patiently(() => send({ method: 'PUT', key, headers }));
      const { headers: after } = await patiently(() => send({ method: 'HEAD', key }));
      const [modified, now] = [Date.parse(after['last-modified'] ?? ''), Date.parse(after.date ?? '')];
      return modified > before.getTime() || now === modified;
    } catch (error) {
      if (isUnavailable(error)) throw error;
      return false;
    }
  }

  const store: ObjectStore = {
    put: (key, content) =>
      named(`writing ${key}`, async () => ({ key, ...(await upload(connection, checkKey(key), content)) })),

    putBlob: (content) =>
      named('writing a blob', async () => {
        const { sha256, size } = await hashOf(content);
        const key = objectKeys.blob(sha256);
        const there = size > smallestPart ? await head(key) : null;
        if (there?.size === size && (await touch(key, there.modifiedAt))) return { key, sha256, size };
        const sent = createHash('sha256');
        await upload(connection, key, content, {
          onBytes: (part) => sent.update(part),
          onEnd: () => {
            const found = sent.digest('hex');
            if (found !== sha256) throw new HashMismatchError(key, sha256, found);
          },
        });
        return { key, sha256, size };
      }),

    get: (key, range) => named(`reading ${key}`, () => readAll(key, range?.range)),

    getStream: (key, range) =>
      named(`reading ${key}`, async () => {
        const { info, body } = await patiently(() => openObject(key, range?.range));
        return { ...info, body };
      }),

    download: (key, file, wanted) =>
      named(`downloading ${key}`, () =>
        patiently(async () => {
          const target = resolve(file);
          const { body, info } = await openObject(key);
          try {
            await ensureFolder(dirname(target));
            const copy = await writeTemporary(dirname(target), body);
            try {
              if (wanted?.sha256 !== undefined && copy.sha256 !== wanted.sha256)
                throw new HashMismatchError(key, wanted.sha256, copy.sha256);
              if (copy.size !== info.size)
                throw new Error(`${copy.size} of the ${info.size} bytes of '${key}' arrived`);
              await rename(copy.path, target);
              return { size: copy.size, sha256: copy.sha256 };
            } finally {
              await copy.discard();
            }
          } catch (error) {
            if (isFull(error)) throw new StorageFullError(target, dirname(target), { cause: error });
            throw error;
          } finally {
            body.destroy();
          }
        }),
      ),

    stat: (key) => named(`looking at ${key}`, async () => head(checkKey(key))),

    async *list(prefix, { after = '', limit = Infinity } = {}) {
      checkPrefix(prefix);
      let token = '';
      let last = after;
      for (let left = limit; left > 0;) {
        const page = await named(`listing ${prefix}`, () =>
          patiently(() =>
            connection.timely(() =>
              connection.client.listObjectsV2Query(s3.bucket, prefix, token, '', Math.min(1000, left), after),
            ),
          ),
        );
        for (const { name, size, lastModified } of page.objects) {
          if (name === undefined || left === 0) continue;
          if (name <= last && last !== '')
            throw new Error(
              `the object store at ${s3.endpoint} lists '${name}' after '${last}': not in order of bytes`,
            );
          yield { key: (last = name), size: Number(size), modifiedAt: new Date(lastModified!) };
          left -= 1;
        }
        if (!page.isTruncated) return;
        token = page.nextContinuationToken;
      }
    },

    remove: (key) =>
      named(`removing ${key}`, async () => {
        checkKey(key);
        await patiently(() => send({ method: 'DELETE', key })).catch((error: unknown) => {
          if (!isMissing(error)) throw error;
        });
      }),

    swap: (key, body, { expected }) =>
      named(`swapping ${key}`, async () => {
        checkKey(key);
        const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
        return swapObject(connection, (k) => readAll(k), key, bytes, expected);
      }),

    async signedUrl(key, ttlSeconds, link) {
      checkKey(key);
      if (!(ttlSeconds >= 1 && ttlSeconds <= longestLink))
        throw new RangeError(`a link is good for 1 s to ${longestLink} s (7 days), not ${ttlSeconds} s`);
      const disposition = link?.filename === undefined ? {} : dispositionOf(link.filename);
      return reader.presignedGetObject(s3.bucket, key, Math.floor(ttlSeconds), disposition);
    },

    async healthy() {
      const key = `uploads/health-${nonce}`;
      const body = Buffer.from(randomUUID());
      try {
        await send({ method: 'PUT', key, body });
        const read = await send({ method: 'GET', key });
        await send({ method: 'DELETE', key });
        return read.body.equals(body) ? null : `the object store ${s3.endpoint} reads something else than was written`;
      } catch (error) {
        return `the object store ${s3.endpoint} cannot be written and read: ${(error as Error).message}`;
      }
    },

    close: async () => connection.close(),
  };

  try {
    await named(`opening the bucket '${s3.bucket}'`, () => patiently(() => send({ method: 'HEAD' })));
    await probeConditionalWrites(store);
    return store;
  } catch (error) {
    connection.close();
    if (isStatus(error, 404))
      throw new Error(`there is no bucket '${s3.bucket}' at ${s3.endpoint}: create it, or name another`, {
        cause: error,
      });
    if (isStatus(error, 401, 403))
      throw new Error(`the key '${s3.accessKey}' may not use the bucket '${s3.bucket}' at ${s3.endpoint}`, {
        cause: error,
      });
    throw error;
  }
}

async function hashOf(content: Uint8Array | { file: string }): Promise<{ sha256: string; size: number }> {
  const hash = createHash('sha256');
  let size = 0;
  const chunks = content instanceof Uint8Array ? [content] : createReadStream(content.file, { highWaterMark: 1 << 20 });
  for await (const chunk of chunks as AsyncIterable<Buffer>) {
    hash.update(chunk);
    size += chunk.length;
  }
  return { sha256: hash.digest('hex'), size };
}

/** Saves under that name; characters outside plain ASCII by the second form of RFC 6266. */
function dispositionOf(filename: string): Record<string, string> {
  const plain = filename.replace(/[^\w. ()+-]/g, '_');
  const whole = encodeURIComponent(filename).replace(
    /['()*]/g,
    (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return { 'response-content-disposition': `attachment; filename="${plain}"; filename*=UTF-8''${whole}` };
}
