/** Array files as NumPy reads them (`np.load`), format version 1.0: numpy.lib.format in NumPy's manual. */

const dtypes = {
  uint8: { descr: '|u1', bytes: 1, view: Uint8Array },
  int32: { descr: '<i4', bytes: 4, view: Int32Array },
  int64: { descr: '<i8', bytes: 8, view: BigInt64Array },
  float32: { descr: '<f4', bytes: 4, view: Float32Array },
  float64: { descr: '<f8', bytes: 8, view: Float64Array },
} as const;

export type NpyDtype = keyof typeof dtypes;
export type NpyData = Uint8Array | Int32Array | BigInt64Array | Float32Array | Float64Array;

export interface NpyArray {
  readonly dtype: NpyDtype;
  readonly shape: readonly number[];
  /** row-major (C order) */
  readonly data: NpyData;
}

/** The dtype under which a typed array is stored. */
export function npyDtypeOf(data: NpyData): NpyDtype {
  for (const [name, d] of Object.entries(dtypes)) if (data instanceof d.view) return name as NpyDtype;
  throw new Error(`npy: ${Object.prototype.toString.call(data)} is no array of ${Object.keys(dtypes).join(', ')}`);
}

/** The bytes that stand before the data: what a streaming writer sends first. */
export function npyHeader(dtype: NpyDtype, shape: readonly number[]): Uint8Array {
  const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(', ')})`;
  const dict = `{'descr': '${dtypes[dtype].descr}', 'fortran_order': False, 'shape': ${tuple}, }`;
  // magic (6) + version (2) + length (2) + dict + newline, padded with spaces to a multiple of 64
  const length = Math.ceil((10 + dict.length + 1) / 64) * 64 - 10;
  const out = new Uint8Array(10 + length).fill(0x20);
  out.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, length & 0xff, length >> 8]);
  out.set(new TextEncoder().encode(dict), 10);
  out[out.length - 1] = 0x0a;
  return out;
}

/** A whole `.npy` file of `data` in `shape` (row-major). Throws when their sizes disagree. */
export function encodeNpy(data: NpyData, shape: readonly number[]): Uint8Array {
  const size = shape.reduce((a, b) => a * b, 1);
  if (size !== data.length)
    throw new Error(`npy: ${data.length} values do not fill the shape (${shape.join(', ')}), which holds ${size}`);
  const header = npyHeader(npyDtypeOf(data), shape);
  const out = new Uint8Array(header.length + data.byteLength);
  out.set(header);
  out.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), header.length);
  return out;
}

const dictPattern =
  /^\{'descr': '([<>|=][a-zA-Z]\d*)', 'fortran_order': (True|False), 'shape': \(((?:\d+(?:, ?\d+)*,?)?)\),? *\}\s*$/;

export interface NpyLayout {
  readonly dtype: NpyDtype;
  readonly shape: readonly number[];
  /** where the values begin, and the bytes of each */
  readonly dataStart: number;
  readonly valueBytes: number;
}

/** Longest header that is read, in bytes; with what stands before it, at most this and 12 are needed of a file. */
export const maxNpyHeader = 65_536;

/**
 * What a `.npy` file of `fileBytes` bytes (versions 1.0 and 2.0, row-major, the dtypes above) says of itself in its first bytes. Throws naming
 * `from`, the offset and what was found, also when header and size disagree.
 */
export function npyLayout(bytes: Uint8Array, fileBytes: number, from: string): NpyLayout {
  const fail = (what: string): never => {
    throw new Error(`${from}: not a .npy file that can be read here: ${what}`);
  };
  if (bytes.length < 12 || bytes[0] !== 0x93 || String.fromCharCode(...bytes.subarray(1, 6)) !== 'NUMPY')
    fail('it does not begin with \\x93NUMPY');
  const version = bytes[6]!;
  if (version !== 1 && version !== 2)
    fail(`format version ${version}.${bytes[7]} at offset 6 (1.0 and 2.0 can be read)`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const start = version === 1 ? 10 : 12;
  const headerLength = version === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  if (headerLength > maxNpyHeader || start + headerLength > bytes.length)
    fail(`a header of ${headerLength} bytes at offset 8, but the file has ${fileBytes}`);
  const header = new TextDecoder('latin1').decode(bytes.subarray(start, start + headerLength));
  const match = dictPattern.exec(header) ?? fail(`the header '${header.trim().slice(0, 120)}'`);
  const [, descr, fortran, tuple] = match;
  const found = Object.entries(dtypes).find(([, d]) => d.descr === descr || d.descr.replace('<', '=') === descr);
  if (!found)
    return fail(
      `dtype '${descr}' (one of ${Object.keys(dtypes).join(', ')} in little-endian order is needed; convert with .astype)`,
    );
  if (fortran === 'True' && tuple!.split(',').filter((s) => s.trim()).length > 1)
    fail('column-major order (save np.ascontiguousarray(x))');
  const shape = tuple!
    .split(',')
    .filter((s) => s.trim())
    .map(Number);
  const [dtype, { bytes: valueBytes }] = found;
  const size = shape.reduce((a, b) => a * b, 1);
  const dataStart = start + headerLength;
  if (!Number.isSafeInteger(size) || size * valueBytes !== fileBytes - dataStart) {
    fail(
      `shape (${shape.join(', ')}) of ${dtype} needs ${size * valueBytes} bytes from offset ${dataStart}, but there are ${fileBytes - dataStart}`,
    );
  }
  return { dtype: dtype as NpyDtype, shape, dataStart, valueBytes };
}

/** Values of a dtype from their bytes: a view, or a copy when they are not aligned. */
export function npyValues(dtype: NpyDtype, bytes: Uint8Array): NpyData {
  const d = dtypes[dtype];
  const size = bytes.byteLength / d.bytes;
  return bytes.byteOffset % d.bytes === 0
    ? new d.view(bytes.buffer as ArrayBuffer, bytes.byteOffset, size)
    : new d.view(bytes.slice().buffer as ArrayBuffer, 0, size);
}

/** Reads a whole `.npy` file. Nothing is allocated from what the header claims: the data is a view of `bytes` where that is aligned. Throws as `npyLayout`. */
export function decodeNpy(bytes: Uint8Array, from: string): NpyArray {
  const { dtype, shape, dataStart } = npyLayout(bytes, bytes.length, from);
  return { dtype, shape, data: npyValues(dtype, bytes.subarray(dataStart)) };
}
