/** A file or folder of an archive. Its body must be read before the next member is asked for, or is skipped. */
export interface ArchiveMember {
  /** below the root of the archive, segments joined by `/`, without `.`, `..` and empty ones */
  readonly path: string;
  readonly kind: 'file' | 'folder';
  readonly sizeBytes: number;
  /** where its data begins, for messages: the file that holds it and the offset in its unpacked content */
  readonly file: string;
  readonly offset: number | null;
  readonly body: () => AsyncIterable<Uint8Array>;
}

/** The whole body of a member in one array; the caller has checked `sizeBytes` against its cap. */
export async function readBody(member: ArchiveMember): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of member.body()) chunks.push(chunk);
  return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
}

/** Why a path is not taken, or null. Nothing is written under it; it decides split and class, and stands in messages. */
export function pathProblem(path: string): string | null {
  if (path.length > 512) return `its name has ${path.length} characters; at most 512 are accepted`;
  if (path.startsWith('/') || /^[A-Za-z]:/.test(path)) return 'its name is an absolute path';
  if (path.split('/').includes('..')) return "its name leads upwards ('..')";
  if (/[\u0000-\u001f\u007f\\\ufffd]/.test(path)) return 'its name holds control characters, backslashes or no UTF-8';
  return null;
}

/** `./a//b/` → `a/b` */
export const plainPath = (path: string): string =>
  path
    .split('/')
    .filter((s) => s !== '' && s !== '.')
    .join('/');

/** A name for a message: shortened, and safe to print. */
export const printable = (path: string): string =>
  `'${path.length > 100 ? `${path.slice(0, 100)}…` : path}'`.replace(/[\u0000-\u001f\u007f-\u009f]/g, '?');
