import { sourceError } from '../source-error';
import { byteStream } from './byte-stream';
import type { ArchiveMember } from './member';
import { pathProblem, plainPath, printable } from './member';
import { blockSize, readPaxRecords, readTarHeader, refusedTypes } from './tar-header';
import { DamagedGzipError, unpackGzip } from './unpack-gzip';

export interface TarLimits {
  /** unpacked, headers included */
  readonly maxBytes: number;
  readonly maxMembers: number;
}

const maxNameHeaderBytes = 65_536;
const wholeCopy = 'Replace it with a whole copy';
const plainFiles = 'Pack plain files and folders only, each once';

/**
 * The members of a tar archive, plain or gzip, in its order, as a stream. The whole archive is checked, to its last byte: what is cut,
 * damaged or too large, and every member that is a link, a device, sparse, named twice or out of the archive, is refused with the offset
 * in the unpacked content. Nothing is allocated from what a header claims.
 */
export async function* readPackedTar(
  packed: AsyncIterable<Uint8Array>,
  file: string,
  limits: TarLimits,
): AsyncGenerator<ArchiveMember> {
  const stream = byteStream(unpackGzip(packed));
  const seen = new Map<string, ArchiveMember['kind']>();
  /** what is being read, for messages */
  let reading = 'its first header';

  const refuse = (offset: number, problem: string, wayOut: string): never => {
    throw sourceError(file, offset, problem, wayOut);
  };
  async function guarded<T>(read: Promise<T>): Promise<T> {
    try {
      return await read;
    } catch (e) {
      if (!(e instanceof DamagedGzipError)) throw e;
      return refuse(stream.offset(), `the gzip stream is damaged in ${reading}: ${e.message}`, wholeCopy);
    }
  }
  async function exactly(n: number): Promise<Uint8Array> {
    const bytes = await guarded(stream.exactly(n));
    if (bytes.length < n)
      refuse(
        stream.offset(),
        `the archive is truncated: it ends in ${reading}, ${n - bytes.length} bytes short`,
        wholeCopy,
      );
    return bytes;
  }
  function room(bytes: number, what: string, offset: number): void {
    if (offset + bytes > limits.maxBytes)
      refuse(
        offset,
        `with ${what} the archive unpacks to more than ${limits.maxBytes} bytes, the most that is accepted`,
        wholeCopy,
      );
  }
  const padding = (size: number): number => (blockSize - (size % blockSize)) % blockSize;
  const isZero = (bytes: Uint8Array): boolean => bytes.every((b) => b === 0);

  /** The names that stand before a member in headers of their own (PAX, GNU), applied to the header that follows. */
  async function next(): Promise<{ path: string; type: string; sizeBytes: number; offset: number } | null> {
    let longName: string | null = null;
    let pax = new Map<string, string>();
    for (;;) {
      const offset = stream.offset();
      room(blockSize, 'its next header', offset);
      const block = await exactly(blockSize);
      if (isZero(block)) return null;
      const header = readTarHeader(block);
      if ('problem' in header) return refuse(offset, `${reading} is ${header.problem}`, wholeCopy);
      const isName = header.type === 'L' || header.type === 'x' || header.type === 'g';
      if (!isName) {
        const path = pax.get('path') ?? longName ?? header.name;
        const claimed = pax.get('size');
        if (claimed !== undefined && claimed !== String(header.sizeBytes))
          refuse(
            offset,
            `${printable(path)} has two sizes: ${header.sizeBytes} in its header, '${claimed.slice(0, 20)}' in its PAX record`,
            plainFiles,
          );
        return { path, type: header.type, sizeBytes: header.sizeBytes, offset };
      }
      if (header.sizeBytes > maxNameHeaderBytes)
        refuse(
          offset,
          `a header of ${header.sizeBytes} bytes for a name; at most ${maxNameHeaderBytes} are accepted`,
          plainFiles,
        );
      reading = 'a long name';
      const bytes = await exactly(header.sizeBytes);
      await exactly(padding(header.sizeBytes));
      if (header.type === 'L') {
        longName = new TextDecoder().decode(bytes).replace(/\0[^]*$/, '');
        continue;
      }
      const records = readPaxRecords(bytes);
      if (!(records instanceof Map)) return refuse(offset, records.problem, plainFiles);
      const refused = [...records.keys()].find(
        (k) =>
          k === 'linkpath' || k.startsWith('GNU.sparse') || (header.type === 'g' && (k === 'path' || k === 'size')),
      );
      if (refused) refuse(offset, `a PAX record '${refused}', which is not taken`, plainFiles);
      if (header.type === 'x') pax = records;
    }
  }

  try {
    for (let members = 0; ; members++) {
      const header = await next();
      if (header === null) break;
      const { type, sizeBytes, offset } = header;
      const shown = printable(header.path);
      reading = shown;
      const refused = refusedTypes[type];
      if (refused) refuse(offset, `${shown} is ${refused}`, plainFiles);
      if (type !== '0' && type !== '5' && type !== '7')
        refuse(offset, `${shown} is of an unknown type ${printable(type)}`, plainFiles);
      const problem = pathProblem(header.path);
      if (problem) refuse(offset, `${shown}: ${problem}`, plainFiles);
      if (members >= limits.maxMembers)
        refuse(offset, `${shown} is one more than the ${limits.maxMembers} members that are accepted`, wholeCopy);
      const kind = type === '5' ? ('folder' as const) : ('file' as const);
      if (kind === 'folder' && sizeBytes > 0)
        refuse(offset, `the folder ${shown} has ${sizeBytes} bytes of data`, plainFiles);
      room(sizeBytes, shown, stream.offset());
      const path = plainPath(header.path);
      const before = seen.get(path);
      if (before === 'file' || (before && kind === 'file')) refuse(offset, `${shown} is there twice`, plainFiles);
      seen.set(path, kind);

      let left = sizeBytes;
      async function* body(): AsyncGenerator<Uint8Array> {
        while (left > 0) {
          const part = await guarded(stream.some(left));
          if (part === null)
            return refuse(
              stream.offset(),
              `the archive is truncated: it ends in ${shown}, ${left} bytes short`,
              wholeCopy,
            );
          left -= part.length;
          yield part;
        }
      }
      if (path !== '') yield { path, kind, sizeBytes, file, offset: stream.offset(), body };
      for await (const _ of body());
      await exactly(padding(sizeBytes));
      reading = `the header after ${shown}`;
    }
    reading = 'its end marker';
    if (!isZero(await exactly(blockSize)))
      refuse(stream.offset() - blockSize, 'the end marker is one block of zeros instead of two', wholeCopy);
    for (;;) {
      const from = stream.offset();
      room(1, 'what follows its end', from);
      const rest = await guarded(stream.some(1 << 18));
      if (rest === null) break;
      const at = rest.findIndex((b) => b !== 0);
      if (at >= 0) refuse(from + at, 'bytes follow the end of the archive', wholeCopy);
    }
  } finally {
    await stream.close();
  }
}
