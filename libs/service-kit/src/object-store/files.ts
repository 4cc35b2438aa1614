import { createHash, randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { mkdir, open, readdir, rmdir, stat, unlink } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { errorCode } from '../errors';
import type { Content } from './port';

export const isAbsent = (error: unknown): boolean => ['ENOENT', 'ENOTDIR'].includes(errorCode(error) ?? '');

/** The answer of `work`, or null when the file it is about does not exist. */
export async function orNull<T>(work: Promise<T>): Promise<T | null> {
  try {
    return await work;
  } catch (error) {
    if (isAbsent(error)) return null;
    throw error;
  }
}

/** Makes the names in a folder durable. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/**
 * Makes a folder and those above it; answers the ones it made, the highest first. Node's own `recursive` never ends where the kernel says that
 * nothing can be made, as below /proc: it takes ENOENT for a missing parent, again and again.
 */
export async function makeFolders(folder: string, mode = 0o777): Promise<string[]> {
  const missing: string[] = [];
  for (let f = resolve(folder); (await orNull(stat(f))) === null; f = dirname(f)) missing.unshift(f);
  const made: string[] = [];
  for (const f of missing.length > 0 ? missing : [folder]) {
    try {
      await mkdir(f, mode);
      made.push(f);
    } catch (error) {
      // Somebody else made it; anything but a folder in its place is an error all the same.
      if (errorCode(error) !== 'EEXIST' || !(await stat(f)).isDirectory()) throw error;
    }
  }
  return made;
}

/** Makes a folder and those above it, durably. */
export async function ensureFolder(folder: string): Promise<void> {
  for (const made of await makeFolders(folder)) await syncFolder(dirname(made));
}

/** Removes a folder and those above it below `root` as long as they are empty. */
export async function removeEmptyFolders(folder: string, root: string): Promise<void> {
  for (let f = folder; f.length > root.length; f = dirname(f)) {
    try {
      await rmdir(f);
    } catch {
      return;
    }
  }
}

/** Does `work` in a folder; makes the folder (again) when it is missing, since a removal may tidy it away at any moment. */
export async function inFolder<T>(folder: string, work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      if (errorCode(error) !== 'ENOENT' || attempt === 5) throw error;
      await ensureFolder(folder);
    }
  }
}

export interface TemporaryFile {
  readonly path: string;
  readonly handle: FileHandle;
  readonly size: number;
  readonly sha256: string;
  /** closes the handle and removes the name, if it is still there */
  discard(): Promise<void>;
}

/** Writes content to a new file in `folder` and syncs it. The name tells which process made it. Leaves nothing behind when it fails. */
export async function writeTemporary(folder: string, content: Content): Promise<TemporaryFile> {
  const path = join(folder, `${process.pid}-${randomUUID()}`);
  const handle = await open(path, 'wx', 0o644);
  const discard = async (): Promise<void> => {
    await handle.close();
    await orNull(unlink(path));
  };
  try {
    const hash = createHash('sha256');
    let size = 0;
    for await (const chunk of chunksOf(content)) {
      hash.update(chunk);
      for (let done = 0; done < chunk.length;) done += (await handle.write(chunk, done)).bytesWritten;
      size += chunk.length;
    }
    await handle.sync();
    return { path, handle, size, sha256: hash.digest('hex'), discard };
  } catch (error) {
    await discard();
    throw error;
  }
}

async function* chunksOf(content: Content): AsyncGenerator<Uint8Array> {
  if (content instanceof Uint8Array) {
    yield content;
    return;
  }
  const stream = 'file' in content ? createReadStream(content.file, { highWaterMark: 1 << 20 }) : content;
  for await (const chunk of stream) yield typeof chunk === 'string' ? Buffer.from(chunk) : (chunk as Uint8Array);
}

/** Removes temporary files of processes that are gone; an hour's grace covers processes that cannot be seen from here (containers). */
export async function sweepTemporary(folder: string, now = Date.now()): Promise<number> {
  let removed = 0;
  for (const name of (await orNull(readdir(folder))) ?? []) {
    const pid = Number(name.split('-', 1)[0]);
    const info = await orNull(stat(join(folder, name)));
    if (!info || now - info.mtimeMs < 3_600_000 || isAlive(pid)) continue;
    if ((await orNull(unlink(join(folder, name)))) !== null) removed += 1;
  }
  return removed;
}

function isAlive(pid: number): boolean {
  if (!Number.isSafeInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errorCode(error) === 'EPERM';
  }
}
