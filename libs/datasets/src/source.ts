import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';

/** A file that a dataset is made from, as its publisher offers it. */
export interface SourceFile {
  /** official name, also looked for below `--data` */
  readonly name: string;
  /** names under which the unpacked file is known */
  readonly unpackedNames: readonly string[];
  readonly sizeBytes: number;
  readonly md5: string;
  readonly sha256: string;
  /** the unpacked content: what decides whether a file is the official one, however it was compressed */
  readonly content: { readonly sizeBytes: number; readonly sha256: string };
  /** most bytes it may unpack to; checked while unpacking, before anything of that size is allocated */
  readonly maxContentBytes: number;
  /** official homes, tried in this order */
  readonly urls: readonly string[];
  /** file of the bundled subset, for the datasets that have one */
  readonly bundled: string | null;
}

export type Origin = 'local' | 'download' | 'bundled';

/** A source file, unpacked and compared with the official one. */
export interface SourceContent {
  readonly file: string;
  readonly content: Uint8Array;
  readonly official: boolean;
  readonly origin: Origin;
}

/** An error about one place of one file: what was found there, what was expected, and the way out. */
export function sourceError(file: string, offset: number | null, problem: string, wayOut: string): Error {
  return Object.assign(new Error(`${file}${offset === null ? '' : `, offset ${offset}`}: ${problem}. ${wayOut}`), {
    file,
    offset,
  });
}

const unpack = promisify(gunzip) as (bytes: Uint8Array, options: { maxOutputLength: number }) => Promise<Buffer>;
const replaceIt = 'Replace it with a whole copy, or take it away so that the official file is downloaded';

/** Unpacks a source file (gzip or already plain) under its cap. */
export async function openSource(
  spec: SourceFile,
  bytes: Uint8Array,
  origin: Origin,
  file: string = spec.name,
): Promise<SourceContent> {
  let content = bytes;
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) {
    content = await unpack(bytes, { maxOutputLength: spec.maxContentBytes }).catch((e: NodeJS.ErrnoException) => {
      if (e.code === 'ERR_BUFFER_TOO_LARGE') {
        throw sourceError(
          file,
          null,
          `it unpacks to more than ${spec.maxContentBytes} bytes, the most that is accepted`,
          replaceIt,
        );
      }
      throw sourceError(file, null, `its ${bytes.length} bytes are no whole gzip stream (${e.message})`, replaceIt);
    });
  } else if (bytes.length > spec.maxContentBytes) {
    throw sourceError(
      file,
      null,
      `it has ${bytes.length} bytes; at most ${spec.maxContentBytes} are accepted`,
      replaceIt,
    );
  }
  const official =
    content.length === spec.content.sizeBytes &&
    createHash('sha256').update(content).digest('hex') === spec.content.sha256;
  return { file, content, official, origin };
}
