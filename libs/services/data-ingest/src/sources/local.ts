import { readFile, readdir, realpath, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { openSource } from '@minvar/datasets';
import type { SourceContent, SourceFile } from '@minvar/datasets';

/** more entries than any data folder holds: somebody pointed at a whole disk */
const maxEntries = 200_000;

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

export interface LocalSource {
  readonly source: SourceContent;
  readonly bytes: Uint8Array;
  /** where it lies, relative to the data folder */
  readonly path: string;
}

/**
 * The local copy of a source file below `dataDir`, at any depth, packed or unpacked, or null. The official one is preferred;
 * else the nearest one is taken as it is. Throws when the folder can't be read or the file is broken.
 */
export async function findLocal(dataDir: string, file: SourceFile): Promise<LocalSource | null> {
  const candidates = await findByName(dataDir, new Set([file.name, ...file.unpackedNames])).catch(
    (e: NodeJS.ErrnoException) => {
      throw e.code
        ? new Error(
            `the data folder '${dataDir}' can't be read (${e.code}); give --data (MINVAR_DATA_DIR) a folder that exists`,
          )
        : e;
    },
  );
  let first: LocalSource | null = null;
  let broken: Error | null = null;
  for (const path of candidates) {
    const name = relative(dataDir, path);
    try {
      const { size } = await stat(path);
      // a packed file is never larger than what it may unpack to
      if (size > file.maxContentBytes)
        throw new Error(
          `${name}: it has ${size} bytes; at most ${file.maxContentBytes} are accepted. Replace it with the official file`,
        );
      const bytes = await readFile(path);
      const source = await openSource(file, bytes, 'local', name);
      if (source.official) return { source, bytes, path: name };
      first ??= { source, bytes, path: name };
    } catch (e) {
      broken ??= e as Error;
    }
  }
  if (!first && broken) throw broken;
  return first;
}
