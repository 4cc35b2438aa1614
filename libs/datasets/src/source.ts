import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import type { ArchiveMember } from './archive/member';
import { readPackedTar } from './archive/read-packed-tar';
import { sourceError } from './source-error';

interface NamedFile {
  /** official name, also looked for below `--data` */
  readonly name: string;
  /** names under which the unpacked file is known */
  readonly unpackedNames: readonly string[];
  /** size and checksums of the file as its publisher offers it; null: nobody publishes it, it can only lie below `--data` */
  readonly published: { readonly sizeBytes: number; readonly md5: string; readonly sha256: string } | null;
  /** most bytes it may unpack to; checked while unpacking, before anything of that size is allocated */
  readonly maxContentBytes: number;
  /** official homes, tried in this order */
  readonly urls: readonly string[];
  /** file of the bundled subset, for the datasets that have one */
  readonly bundled: string | null;
}

/** A file small enough to be held in memory, plain or gzip. */
export interface WholeFile extends NamedFile {
  readonly kind: 'whole';
  /** the unpacked content: what decides whether a file is the official one, however it was compressed */
  readonly content: { readonly sizeBytes: number; readonly sha256: string };
}

/** A tar archive, plain or gzip, that is read as a stream. The official one is told by its own checksum. */
export interface ArchiveFile extends NamedFile {
  readonly kind: 'archive';
  readonly maxMembers: number;
}

/** A file that a dataset is made from. */
export type SourceFile = WholeFile | ArchiveFile;

export type Origin = 'local' | 'download' | 'bundled' | 'upload';

/** A source file, unpacked and compared with the official one. */
export interface SourceContent {
  readonly kind: 'whole';
  readonly file: string;
  readonly content: Uint8Array;
  readonly official: boolean;
  readonly origin: Origin;
}

/** An archive or a folder of files, whose members are streamed. */
export interface SourceArchive {
  readonly kind: 'archive';
  readonly file: string;
  readonly official: boolean;
  readonly origin: Origin;
  /** From the first member to the last, in the order of the archive; each call reads it anew and checks it to its end. */
  readonly members: () => AsyncIterable<ArchiveMember>;
}

export type Source = SourceContent | SourceArchive;

const unpack = promisify(gunzip) as (bytes: Uint8Array, options: { maxOutputLength: number }) => Promise<Buffer>;
const replaceIt = 'Replace it with a whole copy, or take it away so that the official file is downloaded';
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

async function openWhole(spec: WholeFile, bytes: Uint8Array, origin: Origin, file: string): Promise<SourceContent> {
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
  const official = content.length === spec.content.sizeBytes && sha256(content) === spec.content.sha256;
  return { kind: 'whole', file, content, official, origin };
}

/** An archive that is read through `packed`, which gives its bytes from the beginning at every call. */
export function openArchive(
  spec: ArchiveFile,
  packed: () => AsyncIterable<Uint8Array>,
  about: { readonly sha256: string; readonly origin: Origin; readonly file: string },
): SourceArchive {
  return {
    kind: 'archive',
    file: about.file,
    official: about.sha256 === spec.published?.sha256,
    origin: about.origin,
    members: () => readPackedTar(packed(), about.file, { maxBytes: spec.maxContentBytes, maxMembers: spec.maxMembers }),
  };
}

/** Opens the bytes of a source file: unpacks a whole file (gzip or already plain) under its cap; an archive is read later. */
export function openSource(spec: WholeFile, bytes: Uint8Array, origin: Origin, file?: string): Promise<SourceContent>;
export function openSource(spec: SourceFile, bytes: Uint8Array, origin: Origin, file?: string): Promise<Source>;
export async function openSource(
  spec: SourceFile,
  bytes: Uint8Array,
  origin: Origin,
  file: string = spec.name,
): Promise<Source> {
  if (spec.kind === 'whole') return openWhole(spec, bytes, origin, file);
  async function* packed() {
    for (let from = 0; from < bytes.length; from += 1 << 18) yield bytes.subarray(from, from + (1 << 18));
  }
  return openArchive(spec, packed, { sha256: sha256(bytes), origin, file });
}
