import { access, constants, mkdir, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { WorkError } from '../errors';

/**
 * Makes a folder and those above it that are missing, one by one: Node's own recursive mkdir never ends below folders such
 * as /proc, where nothing can be made. A WorkError says what stands in the way.
 */
export async function makeFolder(path: string): Promise<void> {
  const cannot = (e: unknown) => new WorkError(`cannot write to '${path}': ${(e as Error).message}`, { cause: e });
  const missing: string[] = [];
  for (let p = path; ; p = dirname(p)) {
    const found = await stat(p).catch((e: NodeJS.ErrnoException) => e);
    if (found instanceof Error) {
      if (found.code !== 'ENOENT' || p === dirname(p)) throw cannot(found);
      missing.unshift(p);
      continue;
    }
    if (!found.isDirectory()) throw new WorkError(`cannot write to '${path}': '${p}' is no folder`);
    break;
  }
  for (const p of missing) {
    await mkdir(p).catch((e: NodeJS.ErrnoException) => {
      if (e.code !== 'EEXIST') throw cannot(e);
    });
  }
  await access(path, constants.W_OK).catch((e: unknown) => {
    throw cannot(e);
  });
}

/** Writes a file, its folder made when it is missing. A WorkError says what stands in the way. */
export async function writeOut(path: string, content: string | Uint8Array): Promise<void> {
  await makeFolder(dirname(path));
  await writeFile(path, content).catch((e: unknown) => {
    throw new WorkError(`cannot write '${path}': ${(e as Error).message}`, { cause: e });
  });
}
