import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';

const highWaterMark = 1 << 20;

/** SHA-256 and size of a file, read as a stream. */
export async function hashFile(
  path: string,
  signal: AbortSignal,
  onProgress: (doneBytes: number) => void = () => {},
): Promise<{ sha256: string; sizeBytes: number }> {
  const hash = createHash('sha256');
  let sizeBytes = 0;
  for await (const chunk of createReadStream(path, { highWaterMark, signal }) as AsyncIterable<Buffer>) {
    hash.update(chunk);
    onProgress((sizeBytes += chunk.length));
  }
  return { sha256: hash.digest('hex'), sizeBytes };
}

/** The bytes of a stream whose hash is known; throws at its end when they are others. */
export async function* verified(
  chunks: AsyncIterable<Uint8Array>,
  expected: { readonly sha256: string; readonly file: string },
): AsyncGenerator<Uint8Array> {
  const hash = createHash('sha256');
  for await (const chunk of chunks) {
    hash.update(chunk);
    yield chunk;
  }
  const found = hash.digest('hex');
  if (found !== expected.sha256)
    throw new Error(
      `${expected.file} changed while it was read: its SHA-256 was ${expected.sha256} and is ${found}. Leave the data alone while it is read`,
    );
}

/** The bytes of a file that was hashed before, as a stream. */
export const readVerified = (
  path: string,
  expected: { readonly sha256: string; readonly file: string },
): AsyncGenerator<Uint8Array> => verified(createReadStream(path, { highWaterMark }) as AsyncIterable<Buffer>, expected);
