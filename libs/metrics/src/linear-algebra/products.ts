/** A block of rows as it lies in a bigger array: row i begins at `from + i × width`. */
export interface Rows {
  readonly values: Float32Array | Float64Array;
  readonly from: number;
  readonly n: number;
  readonly width: number;
}

/**
 * out (n × axes, row-major) = (X − shift) Aᵀ for A of axes × width, in float64. Four rows by four axes at a time, so that every value read is
 * used four times.
 */
export function project(
  x: Rows,
  axes: Float64Array,
  count: number,
  shift: Float64Array | null,
  out: Float64Array,
): void {
  const { values, from, n, width } = x;
  const offsets = new Float64Array(count);
  if (shift)
    for (let a = 0; a < count; a++) for (let j = 0; j < width; j++) offsets[a]! += axes[a * width + j]! * shift[j]!;
  // Past the end the last row or axis is worked out again and written once more.
  for (let i = 0; i < n; i += 4) {
    const r = [0, 1, 2, 3].map((k) => Math.min(i + k, n - 1)) as [number, number, number, number];
    const [x0, x1, x2, x3] = r.map((row) => from + row * width) as [number, number, number, number];
    for (let a = 0; a < count; a += 2) {
      const b = Math.min(a + 1, count - 1);
      const [p, q] = [a * width, b * width];
      let [s00, s10, s20, s30, s01, s11, s21, s31] = [0, 0, 0, 0, 0, 0, 0, 0];
      for (let j = 0; j < width; j++) {
        const [u, v] = [axes[p + j]!, axes[q + j]!];
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
      out[r[0] * count + a] = s00 - offsets[a]!;
      out[r[1] * count + a] = s10 - offsets[a]!;
      out[r[2] * count + a] = s20 - offsets[a]!;
      out[r[3] * count + a] = s30 - offsets[a]!;
      out[r[0] * count + b] = s01 - offsets[b]!;
      out[r[1] * count + b] = s11 - offsets[b]!;
      out[r[2] * count + b] = s21 - offsets[b]!;
      out[r[3] * count + b] = s31 - offsets[b]!;
    }
  }
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
        const [u, v] = [x[p + c]!, x[q + c]!];
        const [y, z] = [x[r + c]!, x[t + c]!];
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
