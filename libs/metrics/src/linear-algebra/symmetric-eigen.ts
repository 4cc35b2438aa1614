import { transposed } from './products';

/** Eigenvalues of a symmetric matrix, largest first, and its orthonormal eigenvectors as rows in the same order. */
export interface Eigen {
  readonly values: Float64Array;
  /** n × n, row i belongs to values[i] */
  readonly vectors: Float64Array;
}

/**
 * Eigenvalues and eigenvectors of a symmetric n × n matrix, row-major: Householder tridiagonalisation, then QL steps with implicit shifts
 * (G. Golub, C. Van Loan, Matrix Computations, §8.3). Some 9 n³ operations. Throws for NaN and infinities, naming the entry.
 */
export function symmetricEigen(matrix: Float64Array, n: number): Eigen {
  const bad = matrix.findIndex((v) => !Number.isFinite(v));
  if (bad >= 0) throw new Error(`matrix[${Math.floor(bad / n)}, ${bad % n}] is ${matrix[bad]}; it must be finite`);
  const { diagonal, off, q } = tridiagonalise(matrix.slice(0, n * n), n);
  const rows = transposed(q, n, n);
  implicitQl(diagonal, off, rows, n);
  const order = Array.from({ length: n }, (_, i) => i).sort((i, j) => diagonal[j]! - diagonal[i]!);
  const vectors = new Float64Array(n * n);
  order.forEach((from, to) => vectors.set(rows.subarray(from * n, (from + 1) * n), to * n));
  return { values: Float64Array.from(order, (i) => diagonal[i]!), vectors };
}

/** A = Q T Qᵀ with T tridiagonal; works on `a`. */
function tridiagonalise(a: Float64Array, n: number): { diagonal: Float64Array; off: Float64Array; q: Float64Array } {
  const diagonal = new Float64Array(n);
  const off = new Float64Array(Math.max(0, n - 1));
  const reflectors: { v: Float64Array; beta: number }[] = [];
  const p = new Float64Array(n);
  for (let k = 0; k < n - 2; k++) {
    diagonal[k] = a[k * n + k]!;
    // Row k right of the diagonal equals column k below it.
    const v = a.slice(k * n + k + 1, (k + 1) * n);
    const { alpha, beta } = reflect(v);
    off[k] = alpha;
    reflectors.push({ v, beta });
    if (beta === 0) continue;
    const m = v.length;
    let pv = 0;
    for (let i = 0; i < m; i++) {
      const row = (k + 1 + i) * n + k + 1;
      let sum = 0;
      for (let j = 0; j < m; j++) sum += a[row + j]! * v[j]!;
      p[i] = beta * sum;
      pv += p[i]! * v[i]!;
    }
    const half = (beta * pv) / 2;
    for (let i = 0; i < m; i++) p[i]! -= half * v[i]!;
    for (let i = 0; i < m; i++) {
      const row = (k + 1 + i) * n + k + 1;
      const [vi, pi] = [v[i]!, p[i]!];
      for (let j = 0; j < m; j++) a[row + j]! -= vi * p[j]! + pi * v[j]!;
    }
  }
  for (let k = Math.max(0, n - 2); k < n; k++) diagonal[k] = a[k * n + k]!;
  if (n > 1) off[n - 2] = a[(n - 2) * n + n - 1]!;
  return { diagonal, off, q: accumulated(reflectors, n) };
}

/** Turns x into the vector v of the reflection I − βvvᵀ that maps it onto (α, 0, …, 0). */
function reflect(x: Float64Array): { alpha: number; beta: number } {
  let tail = 0;
  for (let i = 1; i < x.length; i++) tail += x[i]! * x[i]!;
  const first = x[0]!;
  if (tail === 0) return { alpha: first, beta: 0 };
  const norm = Math.sqrt(first * first + tail);
  const alpha = first > 0 ? -norm : norm;
  x[0] = first - alpha;
  return { alpha, beta: 2 / (x[0]! * x[0]! + tail) };
}

/** The product of the reflections, first one leftmost. */
function accumulated(reflectors: readonly { v: Float64Array; beta: number }[], n: number): Float64Array {
  const q = new Float64Array(n * n);
  for (let i = 0; i < n; i++) q[i * n + i] = 1;
  const s = new Float64Array(n);
  for (let k = reflectors.length - 1; k >= 0; k--) {
    const { v, beta } = reflectors[k]!;
    if (beta === 0) continue;
    s.fill(0);
    for (let i = 0; i < v.length; i++) {
      const row = (k + 1 + i) * n;
      for (let j = k + 1; j < n; j++) s[j]! += v[i]! * q[row + j]!;
    }
    for (let i = 0; i < v.length; i++) {
      const row = (k + 1 + i) * n;
      const scale = beta * v[i]!;
      for (let j = k + 1; j < n; j++) q[row + j]! -= scale * s[j]!;
    }
  }
  return q;
}

const mostSweeps = 60;

/** Diagonalises the tridiagonal matrix in place; `rows` (n × n) turn from the basis of T into the eigenvectors. */
function implicitQl(d: Float64Array, off: Float64Array, rows: Float64Array, n: number): void {
  const e = new Float64Array(n);
  e.set(off);
  for (let l = 0; l < n; l++) {
    for (let sweep = 0; ; sweep++) {
      let m = l;
      while (m < n - 1 && Math.abs(e[m]!) > Number.EPSILON * (Math.abs(d[m]!) + Math.abs(d[m + 1]!))) m++;
      if (m === l) break;
      if (sweep === mostSweeps) throw new Error(`eigenvalue ${l} of ${n} does not converge in ${mostSweeps} sweeps`);
      let g = (d[l + 1]! - d[l]!) / (2 * e[l]!);
      g = d[m]! - d[l]! + e[l]! / (g + (g >= 0 ? Math.hypot(g, 1) : -Math.hypot(g, 1)));
      let [s, c, shift] = [1, 1, 0];
      let i = m - 1;
      for (; i >= l; i--) {
        const f = s * e[i]!;
        const b = c * e[i]!;
        const r = Math.hypot(f, g);
        e[i + 1] = r;
        if (r === 0) {
          d[i + 1]! -= shift;
          e[m] = 0;
          break;
        }
        s = f / r;
        c = g / r;
        g = d[i + 1]! - shift;
        const t = (d[i]! - g) * s + 2 * c * b;
        shift = s * t;
        d[i + 1] = g + shift;
        g = c * t - b;
        rotate(rows, i * n, n, s, c);
      }
      if (i >= l) continue;
      d[l]! -= shift;
      e[l] = g;
      e[m] = 0;
    }
  }
}

/** Rotates the row at `from` and the one after it. */
function rotate(rows: Float64Array, from: number, n: number, s: number, c: number): void {
  for (let k = from; k < from + n; k++) {
    const next = rows[k + n]!;
    const own = rows[k]!;
    rows[k + n] = s * own + c * next;
    rows[k] = c * own - s * next;
  }
}
