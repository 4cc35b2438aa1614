import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { AuditInputError } from '../input-error';
import type { Code, Values } from './dtypes';
import { dtypes, swapBytes, toFloats } from './dtypes';
import { headBytes, parseHeader } from './header';
import type { NpyHeader } from './header';

/** An array on disk, read in blocks of rows; a row is everything behind the first dimension. */
export interface NpyFile {
  readonly path: string;
  readonly code: Code;
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly rows: number;
  /** values in a row */
  readonly width: number;
  /** `<option> <path>`, for messages */
  readonly name: string;
  /** what was unusual about it and was dealt with */
  readonly notes: readonly string[];
  /** Rows from … to (exclusive) as floating point, row-major. The values may be overwritten by the next call. */
  readonly read: (from: number, to: number) => Values;
  readonly close: () => void;
}

function readAt(fd: number, bytes: Uint8Array, position: number): number {
  let done = 0;
  while (done < bytes.length) {
    const got = readSync(fd, bytes, done, bytes.length - done, position + done);
    if (got === 0) break;
    done += got;
  }
  return done;
}

function checkedHeader(fd: number, name: string): { header: NpyHeader; notes: string[] } {
  const { size } = fstatSync(fd);
  const head = new Uint8Array(Math.min(headBytes, size));
  readAt(fd, head, 0);
  const header = parseHeader(head, name);
  const { shape, start, code, bigEndian, fortran } = header;
  const count = shape.reduce((a, b) => a * b, 1);
  const needed = count * dtypes[code].bytes;
  const there = size - start;
  if (there < needed)
    throw new AuditInputError(
      `${name}: it should hold ${count} numbers of ${dtypes[code].name}, shape (${shape.join(', ')}), ${needed} bytes, but ends after ${there}: copy or save it again`,
    );
  const notes = [
    ...(there > needed ? [`${name}: ${there - needed} bytes behind the array are not read`] : []),
    ...(bigEndian ? [`${name}: big-endian numbers were converted`] : []),
    ...(fortran && shape.length > 1 ? [`${name}: column-major (Fortran) order was read as it is`] : []),
  ];
  return { header, notes };
}

/**
 * Opens a `.npy` file. Nothing is held in memory but the block that was read last.
 *
 * @param option what the file was given as, e.g. `--activations`
 * @throws AuditInputError when it cannot be read or is no array of numbers
 */
export function openNpy(option: string, path: string): NpyFile {
  const name = `${option} ${path}`;
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch (e) {
    throw new AuditInputError(`${name} cannot be read: ${(e as Error).message}`);
  }
  try {
    if (!fstatSync(fd).isFile()) throw new AuditInputError(`${name} is no file`);
    const { header, notes } = checkedHeader(fd, name);
    const { shape, code } = header;
    const rows = shape[0] ?? 1;
    const width = shape.slice(1).reduce((a, b) => a * b, 1);
    return {
      path,
      code,
      dtype: dtypes[code].name,
      shape,
      rows,
      width,
      name,
      notes,
      read: reader(fd, header, rows, width, name),
      close: () => closeSync(fd),
    };
  } catch (e) {
    closeSync(fd);
    throw e;
  }
}

function reader(fd: number, header: NpyHeader, rows: number, width: number, name: string): NpyFile['read'] {
  const { code, bigEndian, start } = header;
  const { bytes: size } = dtypes[code];
  // Column-major with one column, or with one dimension, is row-major.
  const byColumns = header.fortran && header.shape.length > 1 && width > 1;
  if (byColumns && header.shape.length > 2)
    throw new AuditInputError(
      `${name}: column-major order in ${header.shape.length} dimensions; save np.ascontiguousarray(x)`,
    );
  let scratch = new Uint8Array(0);
  const bytesFor = (length: number): Uint8Array => {
    if (scratch.length < length) scratch = new Uint8Array(length);
    return scratch.subarray(0, length);
  };
  const fetch = (into: Uint8Array, position: number): void => {
    const got = readAt(fd, into, position);
    if (got < into.length)
      throw new AuditInputError(`${name}: the file became shorter while it was read, at offset ${position + got}`);
    if (bigEndian) swapBytes(into, size);
  };
  if (!byColumns)
    return (from, to) => {
      const bytes = bytesFor((to - from) * width * size);
      fetch(bytes, start + from * width * size);
      return toFloats(bytes, code);
    };
  return (from, to) => {
    const n = to - from;
    let out: Values | null = null;
    for (let j = 0; j < width; j++) {
      const bytes = bytesFor(n * size);
      fetch(bytes, start + (j * rows + from) * size);
      const column = toFloats(bytes, code);
      out ??= column instanceof Float32Array ? new Float32Array(n * width) : new Float64Array(n * width);
      for (let i = 0; i < n; i++) out[i * width + j] = column[i]!;
    }
    return out ?? new Float32Array(0);
  };
}
