import { sourceError } from './source-error';

const replaceIt = 'Replace it with a whole copy of the official file';

/** Reads the header and checks it against the file's real length before anything is sized by it. */
function idxBody(
  bytes: Uint8Array,
  file: string,
  magic: number,
  what: string,
  expected: readonly (number | null)[],
  maxExamples: number,
): Uint8Array {
  const headerBytes = 4 + 4 * expected.length;
  if (bytes.length < headerBytes)
    throw sourceError(file, bytes.length, `the file ends inside its header of ${headerBytes} bytes`, replaceIt);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const hex = (x: number): string => `0x${x.toString(16).padStart(8, '0')}`;
  if (view.getUint32(0) !== magic)
    throw sourceError(
      file,
      0,
      `magic number ${hex(view.getUint32(0))}, but ${what} begin with ${hex(magic)}`,
      replaceIt,
    );
  let size = 1;
  expected.forEach((want, d) => {
    const offset = 4 + 4 * d;
    const found = view.getUint32(offset);
    if (want !== null && found !== want)
      throw sourceError(file, offset, `dimension ${d} is ${found}, expected ${want}`, replaceIt);
    if (want === null && (found === 0 || found > maxExamples))
      throw sourceError(file, offset, `it claims ${found} examples; 1 to ${maxExamples} are accepted`, replaceIt);
    size *= found;
  });
  const body = bytes.length - headerBytes;
  if (body < size)
    throw sourceError(
      file,
      bytes.length,
      `the file is truncated: its header promises ${size} bytes of data, ${body} are there`,
      replaceIt,
    );
  if (body > size)
    throw sourceError(
      file,
      headerBytes + size,
      `${body - size} bytes follow the ${size} bytes that the header promises`,
      replaceIt,
    );
  return bytes.subarray(headerBytes);
}

export interface IdxShape {
  readonly rows: number;
  readonly cols: number;
  readonly maxExamples: number;
}

/** Images of an IDX3 file (magic 0x803): n×rows×cols bytes, a view of `bytes`. Throws naming file, offset and value. */
export function readIdxImages(
  bytes: Uint8Array,
  file: string,
  shape: IdxShape,
): { examples: number; pixels: Uint8Array } {
  const pixels = idxBody(bytes, file, 0x803, 'images', [null, shape.rows, shape.cols], shape.maxExamples);
  return { examples: pixels.length / (shape.rows * shape.cols), pixels };
}

/** Labels of an IDX1 file (magic 0x801), each below `classes`. Throws naming file, offset and value. */
export function readIdxLabels(bytes: Uint8Array, file: string, classes: number, maxExamples: number): Int32Array {
  const body = idxBody(bytes, file, 0x801, 'labels', [null], maxExamples);
  const labels = Int32Array.from(body);
  const bad = labels.findIndex((y) => y >= classes);
  if (bad >= 0)
    throw sourceError(
      file,
      8 + bad,
      `label ${labels[bad]}, but there are only the classes 0 to ${classes - 1}`,
      replaceIt,
    );
  return labels;
}

/** An IDX3 file of images: the writer's side, for bundled digits and tests. */
export function encodeIdxImages(pixels: Uint8Array, rows: number, cols: number): Uint8Array {
  const out = new Uint8Array(16 + pixels.length);
  const view = new DataView(out.buffer);
  [0x803, pixels.length / (rows * cols), rows, cols].forEach((x, i) => view.setUint32(4 * i, x));
  out.set(pixels, 16);
  return out;
}

/** An IDX1 file of labels. */
export function encodeIdxLabels(labels: ArrayLike<number>): Uint8Array {
  const out = new Uint8Array(8 + labels.length);
  const view = new DataView(out.buffer);
  view.setUint32(0, 0x801);
  view.setUint32(4, labels.length);
  out.set(Uint8Array.from(labels), 8);
  return out;
}
