/** A = L Lᵀ on the pivots, as far as A’s diagonal given the pivots stays above the tolerance. */
export interface PivotedCholesky {
  /** indices of the rows taken, the one with most left first */
  readonly pivots: readonly number[];
  /** n × n, row-major: column k belongs to pivots[k]; L[pivots[k], j] = 0 for j > k */
  readonly lower: Float64Array;
}

/**
 * Cholesky factor of a symmetric positive semidefinite n × n matrix with complete pivoting (N. Higham, Accuracy and Stability of Numerical
 * Algorithms, §10.3), n³/6 multiplications. Ends when what is left of the diagonal is nowhere above `tolerance` × the largest entry it began with.
 */
export function pivotedCholesky(a: Float64Array, n: number, tolerance: number): PivotedCholesky {
  const lower = new Float64Array(n * n);
  const left = Float64Array.from({ length: n }, (_, i) => a[i * n + i]!);
  const least = tolerance * left.reduce((m, v) => Math.max(m, v), 0);
  const pivots: number[] = [];
  const open = new Set(Array.from({ length: n }, (_, i) => i));
  while (open.size > 0) {
    let p = -1;
    for (const i of open) if (p < 0 || left[i]! > left[p]!) p = i;
    if (!(left[p]! > least)) break;
    const k = pivots.length;
    const root = Math.sqrt(left[p]!);
    open.delete(p);
    pivots.push(p);
    lower[p * n + k] = root;
    const own = lower.subarray(p * n, p * n + k);
    for (const i of open) {
      const value = (a[p * n + i]! - dot(lower, i * n, own)) / root;
      lower[i * n + k] = value;
      left[i]! -= value * value;
    }
  }
  return { pivots, lower };
}

function dot(x: Float64Array, from: number, y: Float64Array): number {
  let [a, b, c, d] = [0, 0, 0, 0];
  let j = 0;
  for (; j + 3 < y.length; j += 4) {
    a += x[from + j]! * y[j]!;
    b += x[from + j + 1]! * y[j + 1]!;
    c += x[from + j + 2]! * y[j + 2]!;
    d += x[from + j + 3]! * y[j + 3]!;
  }
  for (; j < y.length; j++) a += x[from + j]! * y[j]!;
  return a + b + c + d;
}

/** L⁻¹ b, b given over all n rows; as long as there are pivots. */
export function forwardSolve({ pivots, lower }: PivotedCholesky, n: number, b: ArrayLike<number>): Float64Array {
  const y = new Float64Array(pivots.length);
  pivots.forEach((p, k) => {
    y[k] = (b[p]! - dot(lower, p * n, y.subarray(0, k))) / lower[p * n + k]!;
  });
  return y;
}

/** The vector over all n rows that is L⁻ᵀ y on the pivots and 0 elsewhere. */
export function backwardSolve({ pivots, lower }: PivotedCholesky, n: number, y: ArrayLike<number>): Float64Array {
  const rest = Float64Array.from(y);
  const x = new Float64Array(n);
  for (let k = pivots.length - 1; k >= 0; k--) {
    const p = pivots[k]!;
    const value = (x[p] = rest[k]! / lower[p * n + k]!);
    for (let j = 0; j < k; j++) rest[j]! -= value * lower[p * n + j]!;
  }
  return x;
}
