import { readFile } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import { openArchive, openSource } from '@minvar/datasets';
import type { Origin, Source, SourceFile } from '@minvar/datasets';
import { hashFile, readVerified } from './packed-file';

/** A source with what the manifest says of it: size and hash of the file as it came, and where from. */
export interface FoundSource {
  readonly source: Source;
  readonly sizeBytes: number;
  readonly sha256: string;
  readonly from: string;
}

/** Opens a file for a definition: a small one is read whole, an archive is hashed now and streamed later. */
export async function openFile(
  spec: SourceFile,
  path: string,
  about: { readonly origin: Origin; readonly file: string; readonly from: string; readonly sha256?: string },
  signal: AbortSignal,
  onProgress: (doneBytes: number) => void = () => {},
): Promise<FoundSource> {
  const { origin, file, from } = about;
  if (spec.kind === 'whole') {
    const bytes = await readFile(path);
    const source = await openSource(spec, bytes, origin, file);
    return { source, sizeBytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex'), from };
  }
  const { sha256, sizeBytes } = await hashFile(path, signal, onProgress);
  const source = openArchive(spec, () => readVerified(path, { sha256, file }), { sha256, origin, file });
  return { source, sizeBytes, sha256, from };
}
