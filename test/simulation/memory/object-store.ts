import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Readable } from 'node:stream';
import type { ByteRange, Content, ObjectStore, StoredObject } from '@minvar/service-kit';
import {
  checkKey,
  checkPrefix,
  HashMismatchError,
  InvalidKeyError,
  ObjectNotFoundError,
  PreconditionFailed,
} from '@minvar/service-kit';
import type { Call } from './call';

export interface HeldObject {
  readonly body: Uint8Array;
  readonly etag: string;
  readonly modifiedAt: Date;
}

/** What one store holds; every client of it works on the same value. */
export interface Objects {
  readonly held: Map<string, HeldObject>;
  /** told of every change to a swapped object before it takes place */
  readonly onSwap: ((key: string, before: HeldObject | undefined, after: Uint8Array) => void)[];
}

export const createObjects = (): Objects => ({ held: new Map(), onSwap: [] });

const hex = (algorithm: string, bytes: Uint8Array): string => createHash(algorithm).update(bytes).digest('hex');
const hold = (body: Uint8Array): HeldObject => ({
  body,
  etag: hex('sha256', body).slice(0, 32),
  modifiedAt: new Date(),
});

async function bytesOf(content: Content): Promise<Uint8Array> {
  if (content instanceof Uint8Array) return Uint8Array.from(content);
  if (!(content instanceof Readable)) return Uint8Array.from((await readFile(content.file)) as Uint8Array);
  const parts: Uint8Array[] = [];
  for await (const part of content) parts.push(part as Uint8Array);
  return Uint8Array.from(Buffer.concat(parts));
}

function cut(key: string, body: Uint8Array, range?: ByteRange): Uint8Array {
  if (!range) return body;
  if (range.start >= body.length)
    throw new RangeError(`'${key}' has ${body.length} bytes; none from ${range.start} on`);
  return body.slice(range.start, (range.end ?? body.length - 1) + 1);
}

/** An object store in memory, for the simulation only. */
export function createMemoryStore({ held, onSwap }: Objects, call: Call): ObjectStore {
  function find(key: string): HeldObject {
    const found = held.get(key);
    if (!found) throw new ObjectNotFoundError(key);
    return found;
  }
  const describe = (key: string, { body, etag, modifiedAt }: HeldObject): StoredObject => ({
    key,
    size: body.length,
    etag,
    modifiedAt,
  });
  async function put(key: string, content: Content): Promise<{ key: string; size: number; etag: string }> {
    checkKey(key);
    const object = hold(await bytesOf(content));
    return call(`put ${key}`, () => {
      held.set(key, object);
      return { key, size: object.body.length, etag: object.etag };
    });
  }
  async function get(key: string, range?: ByteRange): Promise<StoredObject & { body: Uint8Array }> {
    checkKey(key);
    return call(`get ${key}`, () => {
      const found = find(key);
      return { ...describe(key, found), body: cut(key, found.body, range) };
    });
  }

  return {
    put,
    putBlob: async (content) => {
      const bytes = await bytesOf(content);
      const sha256 = hex('sha256', bytes);
      const key = `blobs/sha256/${sha256.slice(0, 2)}/${sha256}`;
      await put(key, bytes);
      return { key, sha256, size: bytes.length };
    },
    get: (key, options) => get(key, options?.range),
    getStream: async (key, options) => {
      const found = await get(key, options?.range);
      return { ...found, body: Readable.from([found.body], { objectMode: false }) };
    },
    download: async (key, file, options) => {
      const { body, size } = await get(key);
      const sha256 = hex('sha256', body);
      if (options?.sha256 !== undefined && options.sha256 !== sha256)
        throw new HashMismatchError(key, options.sha256, sha256);
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, body);
      return { size, sha256 };
    },
    stat: async (key) => {
      checkKey(key);
      return call(`stat ${key}`, () => {
        const found = held.get(key);
        return found ? describe(key, found) : null;
      });
    },
    list: async function* (prefix, options = {}) {
      checkPrefix(prefix);
      const { after = '', limit = Infinity } = options;
      const found = await call(`list ${prefix}`, () =>
        [...held]
          .filter(([key]) => key.startsWith(prefix) && key > after)
          .sort(([a], [b]) => (a < b ? -1 : 1))
          .slice(0, limit)
          .map(([key, o]) => ({ key, size: o.body.length, modifiedAt: o.modifiedAt })),
      );
      yield* found;
    },
    remove: async (key) => {
      checkKey(key);
      await call(`remove ${key}`, () => void held.delete(key));
    },
    swap: async (key, body, { expected }) => {
      checkKey(key);
      if (!key.endsWith('.json')) throw new InvalidKeyError(key, 'only objects that end in .json are swapped');
      const object = hold(Uint8Array.from(body));
      return call(`swap ${key}`, () => {
        const current = held.get(key);
        if ((current?.etag ?? null) !== expected) throw new PreconditionFailed(key, expected, current?.etag ?? null);
        for (const tell of onSwap) tell(key, current, object.body);
        held.set(key, object);
        return { etag: object.etag };
      });
    },
    signedUrl: async (key, ttlSeconds) => `memory:///${checkKey(key)}?ttl=${ttlSeconds}`,
    healthy: async () => null,
    close: async () => {},
  };
}
