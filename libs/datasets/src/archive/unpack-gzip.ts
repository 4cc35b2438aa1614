import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';

/** What is wrong with the compressed bytes; the reader of the content adds file and offset. */
export class DamagedGzipError extends Error {
  override readonly name = 'DamagedGzipError';
}

const chunkSize = 1 << 18;

/**
 * The content of a gzip stream (RFC 1952), its CRC-32 and length checked at its end; bytes that are no gzip stream are passed on as they
 * are. A stream that is cut or damaged, or that other bytes follow, throws (DamagedGzipError).
 */
export async function* unpackGzip(packed: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let received = 0;
  const source = packed[Symbol.asyncIterator]();
  let head = new Uint8Array(0);
  let next = await source.next();
  for (; !next.done && head.length < 2; next = await source.next()) head = Buffer.concat([head, next.value]);
  async function* whole(): AsyncGenerator<Uint8Array> {
    try {
      received += head.length;
      yield head;
      for (; !next.done; next = await source.next()) {
        received += next.value.length;
        yield next.value;
      }
    } finally {
      await source.return?.();
    }
  }
  if (head[0] !== 0x1f || head[1] !== 0x8b) return yield* whole();

  const gunzip = createGunzip({ chunkSize });
  const feeding = pipeline(Readable.from(whole(), { objectMode: false, highWaterMark: chunkSize }), gunzip).catch(
    () => {},
  );
  try {
    for await (const chunk of gunzip) yield chunk as Uint8Array;
  } catch (e) {
    if (!(e as NodeJS.ErrnoException).code?.startsWith('Z_')) throw e;
    throw new DamagedGzipError(`${(e as Error).message} near offset ${gunzip.bytesWritten} of the packed file`);
  } finally {
    gunzip.destroy();
    await feeding;
  }
  if (gunzip.bytesWritten < received)
    throw new DamagedGzipError(`bytes follow its end at offset ${gunzip.bytesWritten} of the packed file`);
}
