import { readdir, realpath, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import type { ArchiveFile, SourceFile } from '@minvar/datasets';
import { openFolder } from './folder';
import type { FoundSource } from './open-file';
import { openFile } from './open-file';

/** more entries than any data folder holds: somebody pointed at a whole disk */
const maxEntries = 1_000_000;

/** Every file below `root` with one of `names`, nearest first, then by path. Folders behind links are followed once. */
async function findByName(root: string, names: ReadonlySet<string>): Promise<string[]> {
  const found: { path: string; depth: number }[] = [];
  const seen = new Set<string>();
  let entries = 0;
  async function walk(folder: string, depth: number): Promise<void> {
    const real = await realpath(folder);
    if (seen.has(real)) return;
    seen.add(real);
    for (const entry of await readdir(folder, { withFileTypes: true })) {
      if (++entries > maxEntries) {
        throw new Error(
          `${root}: more than ${maxEntries} files and folders; point --data (MINVAR_DATA_DIR) at the folder that holds the data`,
        );
      }
      const path = join(folder, entry.name);
      const kind = entry.isSymbolicLink() ? await stat(path).catch(() => null) : entry;
      if (kind?.isDirectory()) await walk(path, depth + 1);
      else if (kind?.isFile() && names.has(entry.name)) found.push({ path, depth });
    }
  }
  await walk(root, 0);
  return found.sort((a, b) => a.depth - b.depth || (a.path < b.path ? -1 : 1)).map((f) => f.path);
}

const unreadable =
  (dataDir: string) =>
  (e: NodeJS.ErrnoException): never => {
    throw e.code
      ? new Error(
          `the data folder '${dataDir}' can't be read (${e.code}); give --data (MINVAR_DATA_DIR) a folder that exists`,
        )
      : e;
  };

async function checkSize(file: SourceFile, path: string, name: string): Promise<void> {
  const { size } = await stat(path);
  // a packed file is never larger than what it may unpack to
  if (size > file.maxContentBytes)
    throw new Error(
      `${name}: it has ${size} bytes; at most ${file.maxContentBytes} are accepted. Replace it with the official file`,
    );
}

/**
 * The local copy of a source file below `dataDir`, at any depth, packed or unpacked, or null. The official one is preferred;
 * else the nearest one is taken as it is. Throws when the folder can't be read or the file is broken.
 */
export async function findLocal(dataDir: string, file: SourceFile, signal: AbortSignal): Promise<FoundSource | null> {
  const candidates = await findByName(dataDir, new Set([file.name, ...file.unpackedNames])).catch(unreadable(dataDir));
  let first: FoundSource | null = null;
  let broken: Error | null = null;
  for (const path of candidates) {
    const name = relative(dataDir, path);
    try {
      await checkSize(file, path, name);
      const found = await openFile(file, path, { origin: 'local', file: name, from: `local file ${name}` }, signal);
      if (found.source.official) return found;
      first ??= found;
    } catch (e) {
      signal.throwIfAborted();
      broken ??= e as Error;
    }
  }
  if (!first && broken) throw broken;
  return first;
}

/** Somebody's own archive or folder, by its name below `dataDir`; the endings of archives may be left out. Null when there is none. */
export async function findOwn(dataDir: string, file: ArchiveFile, signal: AbortSignal): Promise<FoundSource | null> {
  await readdir(dataDir).catch(unreadable(dataDir));
  for (const name of [file.name, ...file.unpackedNames]) {
    const path = join(dataDir, name);
    const kind = await stat(path).catch(() => null);
    if (kind?.isDirectory()) return openFolder(file, path, name, signal);
    if (!kind?.isFile()) continue;
    await checkSize(file, path, name);
    return openFile(file, path, { origin: 'local', file: name, from: `local file ${name}` }, signal);
  }
  return null;
}
