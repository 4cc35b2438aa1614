import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { pathProblem, printable, sourceError } from '@minvar/datasets';
import type { ArchiveFile, ArchiveMember } from '@minvar/datasets';
import type { FoundSource } from './open-file';
import { verified } from './packed-file';

interface Entry {
  readonly path: string;
  readonly kind: 'file' | 'folder';
  readonly sizeBytes: number;
  readonly sha256: string;
}

const wayOut = 'A data folder holds plain files and folders only';

async function* readPlain(path: string): AsyncGenerator<Uint8Array> {
  // a link that took the file's place is not followed
  const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    yield* handle.createReadStream({ autoClose: false, highWaterMark: 1 << 18 }) as AsyncIterable<Buffer>;
  } finally {
    await handle.close();
  }
}

/**
 * A plain folder as a source, its members by path. It is read once for sizes and hashes; links and anything that is no file or folder are
 * refused. The hash of the whole is that of the lines `<sha256>  <path>`, as sha256sum prints them, in the order of the paths.
 */
export async function openFolder(
  spec: ArchiveFile,
  root: string,
  file: string,
  signal: AbortSignal,
): Promise<FoundSource> {
  const entries: Entry[] = [];
  let total = 0;
  async function walk(below: string): Promise<void> {
    const found = await readdir(join(root, below), { withFileTypes: true });
    for (const entry of found.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      signal.throwIfAborted();
      const path = below === '' ? entry.name : `${below}/${entry.name}`;
      const refuse = (problem: string): never => {
        throw sourceError(`${file}/${path}`, null, problem, wayOut);
      };
      const problem = pathProblem(path);
      if (problem) refuse(`${printable(path)}: ${problem}`);
      if (entry.isSymbolicLink()) refuse('it is a symbolic link');
      if (!entry.isDirectory() && !entry.isFile()) refuse('it is neither a file nor a folder');
      if (entries.length >= spec.maxMembers)
        refuse(`it is one more than the ${spec.maxMembers} files and folders that are accepted`);
      if (entry.isDirectory()) {
        entries.push({ path, kind: 'folder', sizeBytes: 0, sha256: '' });
        await walk(path);
        continue;
      }
      const hash = createHash('sha256');
      let sizeBytes = 0;
      for await (const chunk of readPlain(join(root, path))) {
        hash.update(chunk);
        sizeBytes += chunk.length;
        if (total + sizeBytes > spec.maxContentBytes)
          refuse(`with it the folder holds more than ${spec.maxContentBytes} bytes, the most that is accepted`);
      }
      total += sizeBytes;
      entries.push({ path, kind: 'file', sizeBytes, sha256: hash.digest('hex') });
    }
  }
  await walk('');

  async function* members(): AsyncGenerator<ArchiveMember> {
    for (const { path, kind, sizeBytes, sha256 } of entries) {
      const name = `${file}/${path}`;
      yield {
        path,
        kind,
        sizeBytes,
        file,
        offset: null,
        body: () => verified(readPlain(join(root, path)), { sha256, file: name }),
      };
    }
  }
  const hash = createHash('sha256');
  for (const { path, kind, sha256 } of entries) if (kind === 'file') hash.update(`${sha256}  ${path}\n`);
  return {
    source: { kind: 'archive', file, official: false, origin: 'local', members },
    sizeBytes: total,
    sha256: hash.digest('hex'),
    from: `local folder ${file}`,
  };
}
