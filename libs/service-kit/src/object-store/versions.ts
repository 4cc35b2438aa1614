import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { link, open, readdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCode } from '../errors';
import { inFolder, orNull, syncFolder, writeTemporary } from './files';
import { versionPattern } from './key';
import { PreconditionFailed } from './port';

/*
 * A swapped object `head.json` is a row of files `head.<n>.json`; the highest n is its state (a plain file `head.json` counts as version 0,
 * an empty file as "removed"). To replace n, a contender links its own temporary file as n + 1, which the kernel lets only one do.
 *
 * Old versions are pruned, so a contender that slept since it read n may find the name n + 1 free again and link there. What keeps it
 * from believing that it won: whoever replaces a version first *witnesses* it, by taking the write permission off its inode. After
 * linking, a contender lists the folder. If its own version is the highest, it won. If there is a higher one, it won exactly if its file
 * is witnessed:
 *   - Was n the highest at the moment of the link, then whoever made n + 2 saw n + 1 as the highest and witnessed it before.
 *   - Was a higher one there already, then its file has never been the highest, and only the highest is ever witnessed: a witness opens
 *     the file, lists again, and goes on only if that number is still the highest. The highest number never falls, since the highest file
 *     is never removed; so a number that is still the highest was never pruned, and the open file is the one that was linked first.
 * Listing a small folder is atomic (one getdents call under the folder's lock), and names end in sync with the disk before a win is told.
 */

/** Versions kept behind the highest, so that readers rarely have to look twice. */
const kept = 4;

export interface Version {
  /** 0: the plain file */
  readonly n: number;
  readonly body: Buffer;
  readonly etag: string;
  readonly modifiedAt: Date;
}

export const etagOf = (body: Uint8Array): string => createHash('sha256').update(body).digest('hex').slice(0, 32);

export interface VersionedFiles {
  /** The current version of `<folder>/<name>` (a name ending in `.json`), or null. Durable when it is answered. */
  newest(folder: string, name: string): Promise<Version | null>;
  swap(
    at: { key: string; folder: string; name: string },
    body: Uint8Array,
    expected: string | null,
  ): Promise<{ etag: string }>;
  /** Replaces whatever is there. */
  replace(at: { key: string; folder: string; name: string }, body: Uint8Array): Promise<void>;
  /** Replaces whatever is there by "removed". */
  remove(at: { key: string; folder: string; name: string }): Promise<void>;
  /** Takes all versions away, also the one that says "removed": only for a name that nobody will ever swap again. */
  forget(at: { folder: string; name: string }): Promise<void>;
  has(folder: string, name: string): Promise<boolean>;
}

export interface VersionedFilesOptions {
  /** folder for temporary files, on the same file system */
  readonly temporary: string;
  /** Lets a test hold a contender at the two moments where others may overtake it. */
  readonly onSwap?: (moment: 'before link' | 'after link') => Promise<void>;
}

export function createVersionedFiles({ temporary, onSwap }: VersionedFilesOptions): VersionedFiles {
  /** highest version known to be durable, by path */
  const durable = new Map<string, number>();

  const pathOf = (folder: string, name: string, n: number): string =>
    join(folder, n === 0 ? name : `${name.slice(0, -'.json'.length)}.${n}.json`);

  /** Versions of a name, highest first. */
  async function numbers(folder: string, name: string): Promise<number[]> {
    const stem = name.slice(0, -'.json'.length);
    const found: number[] = [];
    for (const entry of (await orNull(readdir(folder))) ?? []) {
      if (entry === name) found.push(0);
      const match = versionPattern.exec(entry);
      if (match && match[1] === stem) found.push(Number(match[2]));
    }
    return found.sort((a, b) => b - a);
  }

  /** Opens the highest version; the caller closes it. An open handle is proof: that version was the highest after it was opened. */
  async function openHighest(folder: string, name: string): Promise<{ n: number; handle: FileHandle } | null> {
    for (;;) {
      const n = (await numbers(folder, name))[0];
      if (n === undefined) return null;
      const handle = await orNull(open(pathOf(folder, name, n), 'r'));
      if (!handle) continue; // pruned since it was listed
      if ((await numbers(folder, name))[0] === n) return { n, handle };
      await handle.close();
    }
  }

  async function readHighest(folder: string, name: string): Promise<(Version & { handle: FileHandle }) | null> {
    const highest = await openHighest(folder, name);
    if (!highest) return null;
    try {
      const body = await highest.handle.readFile();
      const modifiedAt = (await highest.handle.stat()).mtime;
      return { ...highest, body, etag: etagOf(body), modifiedAt };
    } catch (error) {
      await highest.handle.close();
      throw error;
    }
  }

  async function newest(folder: string, name: string): Promise<Version | null> {
    const found = await readHighest(folder, name);
    if (!found) return null;
    const { handle, ...version } = found;
    await handle.close();
    // Whoever linked it may not have synced the name yet; nobody acts on what a power cut could take back.
    const path = join(folder, name);
    if ((durable.get(path) ?? -1) < version.n) {
      await syncFolder(folder);
      durable.set(path, version.n);
    }
    return version.body.length === 0 ? null : version;
  }

  /** Links `body` as the successor of the highest version if that is as `accept` wants it; answers whether it won. */
  async function succeed(
    { folder, name }: { folder: string; name: string },
    body: Uint8Array,
    accept: (current: Version | null) => boolean,
  ): Promise<{ won: boolean; current: string | null }> {
    const found = await readHighest(folder, name);
    try {
      const current = found && found.body.length > 0 ? found : null;
      if (!accept(current)) return { won: false, current: current?.etag ?? null };
      const mine = await writeTemporary(temporary, body);
      try {
        await found?.handle.chmod(0o444);
        const n = (found?.n ?? 0) + 1;
        const path = pathOf(folder, name, n);
        await onSwap?.('before link');
        try {
          await inFolder(folder, () => link(mine.path, path));
        } catch (error) {
          if (errorCode(error) === 'EEXIST') return { won: false, current: (await newest(folder, name))?.etag ?? null };
          throw error;
        }
        await onSwap?.('after link');
        const all = await numbers(folder, name);
        if (all[0] !== n && ((await mine.handle.stat()).mode & 0o200) !== 0) {
          await orNull(unlink(path));
          return { won: false, current: (await newest(folder, name))?.etag ?? null };
        }
        await syncFolder(folder);
        durable.set(join(folder, name), n);
        for (const old of all.filter((v) => v < all[0]! - kept).reverse())
          await orNull(unlink(pathOf(folder, name, old)));
        return { won: true, current: null };
      } finally {
        await mine.discard();
      }
    } finally {
      await found?.handle.close();
    }
  }

  return {
    newest,
    async swap(at, body, expected) {
      const { won, current } = await succeed(at, body, (c) => (c?.etag ?? null) === expected);
      if (!won) throw new PreconditionFailed(at.key, expected, current);
      return { etag: etagOf(body) };
    },
    async replace(at, body) {
      while (!(await succeed(at, body, () => true)).won);
    },
    async remove(at) {
      for (;;) {
        let there = true;
        const { won } = await succeed(at, new Uint8Array(), (c) => (there = c !== null));
        if (won || !there) return;
      }
    },
    async forget({ folder, name }) {
      for (const n of await numbers(folder, name)) await orNull(unlink(pathOf(folder, name, n)));
      durable.delete(join(folder, name));
    },
    has: async (folder, name) => (await numbers(folder, name)).some((n) => n > 0),
  };
}
