/** A block of rows as it lies in a bigger array: row i begins at `from + i × width`. */
export interface Rows {
  readonly values: Float32Array | Float64Array;
  readonly from: number;
  readonly n: number;
  readonly width: number;
}

/** Rows that stay in the processor's cache while all axes pass by. */
const tile = 32;

/**
 * out (n × axes, row-major) = (X − shift) Aᵀ for A of axes × width, in float64. Four rows by two axes at a time, so that what is read is used
 * more than once.
 */
export function project(
  x: Rows,
  axes: Float64Array,
  count: number,
  shift: Float64Array | null,
  out: Float64Array,
): void {
  const { n, width } = x;
  const offsets = new Float64Array(count);
  if (shift)
    for (let a = 0; a < count; a++) for (let j = 0; j < width; j++) offsets[a]! += axes[a * width + j]! * shift[j]!;
  for (let start = 0; start < n; start += tile) {
    const end = Math.min(n, start + tile);
    for (let a = 0; a < count; a += 2)
      for (let i = start; i < end; i += 4) projectBlock(x, i, axes, a, count, offsets, out);
  }
}

/** Rows i … i + 3 on axes a and a + 1. Past the end the last row or axis is worked out again and written once more. */
function projectBlock(
  { values, from, n, width }: Rows,
  i: number,
  axes: Float64Array,
  a: number,
  count: number,
  offsets: Float64Array,
  out: Float64Array,
): void {
  const b = Math.min(a + 1, count - 1);
  const p = a * width;
  const q = b * width;
  const i1 = Math.min(i + 1, n - 1);
  const i2 = Math.min(i + 2, n - 1);
  const i3 = Math.min(i + 3, n - 1);
  const x0 = from + i * width;
  const x1 = from + i1 * width;
  const x2 = from + i2 * width;
  const x3 = from + i3 * width;
  let [s00, s10, s20, s30, s01, s11, s21, s31] = [0, 0, 0, 0, 0, 0, 0, 0];
  for (let j = 0; j < width; j++) {
    const u = axes[p + j]!;
    const v = axes[q + j]!;
    const h0 = values[x0 + j]!;
    const h1 = values[x1 + j]!;
    const h2 = values[x2 + j]!;
    const h3 = values[x3 + j]!;
    s00 += h0 * u;
    s10 += h1 * u;
    s20 += h2 * u;
    s30 += h3 * u;
    s01 += h0 * v;
    s11 += h1 * v;
    s21 += h2 * v;
    s31 += h3 * v;
  }
  out[i * count + a] = s00 - offsets[a]!;
  out[i1 * count + a] = s10 - offsets[a]!;
  out[i2 * count + a] = s20 - offsets[a]!;
  out[i3 * count + a] = s30 - offsets[a]!;
  out[i * count + b] = s01 - offsets[b]!;
  out[i1 * count + b] = s11 - offsets[b]!;
  out[i2 * count + b] = s21 - offsets[b]!;
  out[i3 * count + b] = s31 - offsets[b]!;
}

/** gram (count × count) += X Xᵀ for X of count × width, in float64. */
export function addGram(x: Float64Array, count: number, width: number, gram: Float64Array): void {
  for (let i = 0; i < count; i += 2) {
    const k = Math.min(i + 1, count - 1);
    for (let j = 0; j <= i + 1 && j < count; j += 2) {
      const l = Math.min(j + 1, count - 1);
      const [p, q, r, t] = [i * width, k * width, j * width, l * width];
      let [ij, il, kj, kl] = [0, 0, 0, 0];
      for (let c = 0; c < width; c++) {
        const u = x[p + c]!;
        const v = x[q + c]!;
        const y = x[r + c]!;
        const z = x[t + c]!;
        ij += u * y;
        il += u * z;
        kj += v * y;
        kl += v * z;
      }
      const add = (row: number, column: number, value: number): void => {
        gram[row * count + column]! += value;
        if (row !== column) gram[column * count + row]! += value;
      };
      add(i, j, ij);
      // In a block on the diagonal (i, l) and (k, j) are one entry.
      if (l !== j && i !== j) add(i, l, il);
      if (k !== i) add(k, j, kj);
      if (k !== i && l !== j) add(k, l, kl);
    }
  }
}

/** The columns of a rows × columns matrix as rows. */
export function transposed(x: Float64Array, rows: number, columns: number): Float64Array {
  const out = new Float64Array(rows * columns);
  for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) out[j * rows + i] = x[i * columns + j]!;
  return out;
}
