import { constants } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { access, open, readdir, readFile, rename, stat, unlink, utimes } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { Readable } from 'node:stream';
import { objectKeys } from '@minvar/contracts';
import { isFull, StorageFullError } from '../errors';
import {
  ensureFolder,
  inFolder,
  isAbsent,
  orNull,
  removeEmptyFolders,
  sweepTemporary,
  syncFolder,
  writeTemporary,
} from './files';
import { checkKey, checkPrefix, compareKeys, versionPattern } from './key';
import type { LinkSigner } from './links';
import type { ByteRange, Content, ListedObject, ObjectStore, PutResult, StoredObject } from './port';
import { HashMismatchError, ObjectNotFoundError } from './port';
import { createVersionedFiles, etagOf } from './versions';

export interface FolderStoreOptions {
  /** the folder; made when missing; on a local file system */
  readonly dir: string;
  /** signs links of the form `<baseUrl>/objects/<key>?…`, which the gateway verifies; without it `signedUrl` throws */
  readonly links?: { readonly signer: LinkSigner; readonly baseUrl: () => string };
  readonly now?: () => number;
}

/**
 * Objects as files. Everything is written to a temporary file, synced, then renamed or linked, then the folder is synced, so that an
 * object is there whole or not at all, also after a power cut. Objects that are swapped: see versions.ts.
 */
export async function createFolderStore({ dir, links, now = Date.now }: FolderStoreOptions): Promise<ObjectStore> {
  const root = resolve(dir);
  const temporary = join(root, '.tmp');
  await ensureFolder(temporary);
  await sweepTemporary(temporary);
  const versioned = createVersionedFiles({ temporary });

  const place = (key: string) => {
    const path = join(root, checkKey(key));
    return { key, path, folder: dirname(path), name: basename(path) };
  };
  const isJson = (key: string): boolean => key.endsWith('.json');

  /** Turns a full disk into its typed error. */
  async function writing<T>(what: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (isFull(error)) throw new StorageFullError(what, root, { cause: error });
      throw error;
    }
  }

  const plainEtag = (s: { ino: number; size: number; mtimeMs: number }): string =>
    `${s.ino.toString(36)}-${s.size.toString(36)}-${Math.round(s.mtimeMs * 1000).toString(36)}`;

  async function openPlain(key: string): Promise<{ handle: FileHandle; info: StoredObject }> {
    const { path } = place(key);
    const handle = await orNull(open(path, 'r'));
    if (!handle) throw new ObjectNotFoundError(key);
    const s = await handle.stat();
    if (!s.isFile()) {
      await handle.close();
      throw new ObjectNotFoundError(key);
    }
    return { handle, info: { key, size: s.size, etag: plainEtag(s), modifiedAt: s.mtime } };
  }

  async function readJson(key: string): Promise<StoredObject & { body: Buffer }> {
    const { folder, name } = place(key);
    const version = await versioned.newest(folder, name);
    if (!version) throw new ObjectNotFoundError(key);
    return { key, size: version.body.length, etag: version.etag, modifiedAt: version.modifiedAt, body: version.body };
  }

  function slice(key: string, size: number, range: ByteRange | undefined): { start: number; end: number } {
    const start = range?.start ?? 0;
    const end = Math.min(range?.end ?? size - 1, size - 1) + 1;
    if (range && (start < 0 || start >= size || end <= start)) {
      throw new RangeError(`'${key}' has ${size} bytes; the range ${range.start}–${range.end ?? ''} is outside it`);
    }
    return { start, end };
  }

  const store: ObjectStore = {
    put: (key, content) =>
      writing(key, async () => {
        const at = place(key);
        if (isJson(key) && (await versioned.has(at.folder, at.name))) return replaceSwapped(key, content);
        const file = await writeTemporary(temporary, content);
        try {
          await inFolder(at.folder, () => rename(file.path, at.path));
          await syncFolder(at.folder);
          const etag = isJson(key) ? file.sha256.slice(0, 32) : plainEtag(await file.handle.stat());
          return { key, size: file.size, etag };
        } finally {
          await file.discard();
        }
      }),

    putBlob: (content) =>
      writing('a blob', async () => {
        const file = await writeTemporary(temporary, content);
        try {
          const key = objectKeys.blob(file.sha256);
          const at = place(key);
          const there = await orNull(stat(at.path));
          // Young again, so that no collection of garbage takes it from who is about to name it.
          if (there?.size === file.size) await utimes(at.path, new Date(), new Date());
          else await inFolder(at.folder, () => rename(file.path, at.path));
          await syncFolder(at.folder);
          return { key, sha256: file.sha256, size: file.size };
        } finally {
          await file.discard();
        }
      }),

    async get(key, options) {
      if (isJson(key)) {
        const object = await readJson(key);
        const { start, end } = slice(key, object.size, options?.range);
        return { ...object, body: object.body.subarray(start, end) };
      }
      const { handle, info } = await openPlain(key);
      try {
        const { start, end } = slice(key, info.size, options?.range);
        const body = Buffer.allocUnsafe(end - start);
        for (let done = 0; done < body.length;) {
          const { bytesRead } = await handle.read(body, done, body.length - done, start + done);
          if (bytesRead === 0)
            throw new Error(`'${key}' ended after ${start + done} of ${info.size} bytes: somebody shortened its file`);
          done += bytesRead;
        }
        return { ...info, body };
      } finally {
        await handle.close();
      }
    },

    async getStream(key, options) {
      if (isJson(key)) {
        const object = await store.get(key, options);
        return { ...object, body: Readable.from([object.body]) };
      }
      const { handle, info } = await openPlain(key);
      try {
        const { start, end } = slice(key, info.size, options?.range);
        if (end > start)
          return { ...info, body: handle.createReadStream({ start, end: end - 1, highWaterMark: 1 << 20 }) };
      } catch (error) {
        await handle.close();
        throw error;
      }
      await handle.close();
      return { ...info, body: Readable.from([]) };
    },

    async download(key, file, options) {
      const target = resolve(file);
      const { body } = await store.getStream(key);
      return writing(target, async () => {
        await ensureFolder(dirname(target));
        const copy = await writeTemporary(dirname(target), body);
        try {
          if (options?.sha256 !== undefined && copy.sha256 !== options.sha256)
            throw new HashMismatchError(key, options.sha256, copy.sha256);
          await rename(copy.path, target);
          return { size: copy.size, sha256: copy.sha256 };
        } finally {
          await copy.discard();
        }
      });
    },

    async stat(key) {
      try {
        if (isJson(key)) {
          const { body: _, ...info } = await readJson(key);
          return info;
        }
        const { handle, info } = await openPlain(key);
        await handle.close();
        return info;
      } catch (error) {
        if (error instanceof ObjectNotFoundError) return null;
        throw error;
      }
    },

    async *list(prefix, options = {}) {
      const limit = options.limit ?? Infinity;
      let given = 0;
      if (limit <= 0) return;
      for await (const object of walk('', checkPrefix(prefix), options.after ?? '')) {
        yield object;
        if (++given >= limit) return;
      }
    },

    remove: (key, { spent = false } = {}) =>
      writing(key, async () => {
        const at = place(key);
        if (isJson(key) && (await versioned.has(at.folder, at.name))) {
          if (!spent) return versioned.remove(at);
          await versioned.forget(at);
        } else if ((await orNull(unlink(at.path))) === null) return;
        await syncFolder(at.folder);
        await removeEmptyFolders(at.folder, root);
      }),

    swap: (key, body, { expected }) => {
      if (!isJson(key)) throw new TypeError(`'${key}' cannot be swapped: keys of swapped objects end in .json`);
      if (body.byteLength === 0) throw new TypeError(`'${key}' cannot be swapped for an empty body`);
      return writing(key, () => versioned.swap(place(key), body, expected));
    },

    async signedUrl(key, ttlSeconds, options) {
      checkKey(key);
      if (!links) throw new Error('this object store was opened without a link signer: give createFolderStore `links`');
      return `${links.baseUrl()}/objects/${key}?${links.signer.sign({ key, expires: now() + ttlSeconds * 1000, filename: options?.filename })}`;
    },

    async healthy() {
      try {
        await access(root, constants.R_OK | constants.W_OK);
        const file = await writeTemporary(temporary, Buffer.from('probe'));
        await file.discard();
        return null;
      } catch (error) {
        return `the object store ${root} cannot be written: ${(error as Error).message}`;
      }
    },

    close: async () => {},
  };

  /** `put` of a key that has been swapped before: an unconditional swap. */
  async function replaceSwapped(key: string, content: Content): Promise<PutResult> {
    const file = await writeTemporary(temporary, content);
    try {
      const body = await readFile(file.path);
      await versioned.replace(place(key), body);
      return { key, size: body.length, etag: etagOf(body) };
    } finally {
      await file.discard();
    }
  }

  async function* walk(folder: string, prefix: string, after: string): AsyncGenerator<ListedObject> {
    const entries = await readdir(join(root, folder), { withFileTypes: true }).catch((error: unknown) => {
      if (isAbsent(error)) return [];
      throw error;
    });
    // Key to file; of a swapped object's versions the highest. A folder sorts by its name with the slash, as the keys below it do.
    const files = new Map<string, { file: string; n: number }>();
    for (const e of entries) {
      if (e.name.startsWith('.')) continue;
      const [, stem, n] = versionPattern.exec(e.name) ?? [];
      const key = folder + (e.isDirectory() ? `${e.name}/` : stem === undefined ? e.name : `${stem}.json`);
      if ((files.get(key)?.n ?? -1) < Number(n ?? 0)) files.set(key, { file: folder + e.name, n: Number(n ?? 0) });
    }
    for (const [key, { file, n }] of [...files].sort(([a], [b]) => compareKeys(a, b))) {
      if (key.endsWith('/')) {
        const mayMatch = key.startsWith(prefix) || prefix.startsWith(key);
        const mayFollow = key > after || after.startsWith(key);
        if (mayMatch && mayFollow) yield* walk(key, prefix, after);
      } else if (key.startsWith(prefix) && key > after) {
        const s = await orNull(stat(join(root, file)));
        if (s && (n === 0 || s.size > 0)) yield { key, size: s.size, modifiedAt: s.mtime };
        if (s) continue;
        const info = await store.stat(key); // replaced and pruned since it was listed, or removed
        if (info) yield { key, size: info.size, modifiedAt: info.modifiedAt };
      }
    }
  }

  return store;
}
