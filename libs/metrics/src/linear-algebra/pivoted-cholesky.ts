/** A = L Lᵀ on the pivots, as far as A’s diagonal given the pivots stays above the tolerance. */
export interface PivotedCholesky {
  /** indices of the rows taken, the one with most left first */
  readonly pivots: readonly number[];
  /** n × n, row-major: column k belongs to pivots[k]; L[pivots[k], j] = 0 for j > k */
  readonly lower: Float64Array;
}

/** Columns that are worked out before the rest of the matrix is brought up to date, all at once. */
const panelWidth = 64;

/**
 * Cholesky factor of a symmetric positive semidefinite n × n matrix with complete pivoting (N. Higham, Accuracy and Stability of Numerical
 * Algorithms, §10.3), in panels as LAPACK's `pstrf`; n³/6 multiplications. Ends when what is left of the diagonal is nowhere above
 * `tolerance` × the largest entry it began with.
 */
export function pivotedCholesky(a: Float64Array, n: number, tolerance: number): PivotedCholesky {
  const lower = new Float64Array(n * n);
  // What the panels before leave of the matrix; only entries on and below the diagonal are kept up to date.
  const rest = a.slice(0, n * n);
  const left = Float64Array.from({ length: n }, (_, i) => a[i * n + i]!);
  const least = tolerance * left.reduce((m, v) => Math.max(m, v), 0);
  const pivots: number[] = [];
  let open = Int32Array.from({ length: n }, (_, i) => i);
  for (let done = false; !done && open.length > 0;) {
    const first = pivots.length;
    const panel = new Float64Array(n * panelWidth);
    for (let k = 0; k < panelWidth; k++) {
      let p = -1;
      for (const i of open) if (left[i]! > (p < 0 ? least : left[p]!)) p = i;
      if (p < 0) {
        done = true;
        break;
      }
      const root = Math.sqrt(left[p]!);
      const own = panel.subarray(p * panelWidth, p * panelWidth + k);
      open = open.filter((i) => i !== p);
      pivots.push(p);
      panel[p * panelWidth + k] = root;
      left[p] = 0;
      for (const i of open) {
        const entry = i > p ? rest[i * n + p]! : rest[p * n + i]!;
        const value = (entry - dot(panel, i * panelWidth, own)) / root;
        panel[i * panelWidth + k] = value;
        left[i]! -= value * value;
      }
    }
    const width = pivots.length - first;
    for (let i = 0; i < n; i++) lower.set(panel.subarray(i * panelWidth, i * panelWidth + width), i * n + first);
    if (!done) subtractProducts(rest, n, open, panel);
  }
  return { pivots, lower };
}

/** rest[i, j] −= Σ_c panel[i, c] panel[j, c] for j ≤ i of the open rows. */
function subtractProducts(rest: Float64Array, n: number, open: Int32Array, panel: Float64Array): void {
  const count = open.length;
  const rows = new Float64Array(count * panelWidth);
  open.forEach((i, at) => rows.set(panel.subarray(i * panelWidth, (i + 1) * panelWidth), at * panelWidth));
  for (let i = 0; i < count; i += 2) {
    const k = Math.min(i + 1, count - 1);
    for (let j = 0; j <= k; j += 2) {
      const l = Math.min(j + 1, count - 1);
      let [ij, il, kj, kl] = [0, 0, 0, 0];
      for (
        let c = 0, p = i * panelWidth, q = k * panelWidth, r = j * panelWidth, t = l * panelWidth;
        c < panelWidth;
        c++
      ) {
        const x = rows[p + c]!;
        const y = rows[q + c]!;
        const u = rows[r + c]!;
        const v = rows[t + c]!;
        ij += x * u;
        il += x * v;
        kj += y * u;
        kl += y * v;
      }
      const [above, below] = [open[i]! * n, open[k]! * n];
      const [here, next] = [open[j]!, open[l]!];
      rest[above + here]! -= ij;
      // Past the diagonal, and past the end, there is nothing to keep.
      if (l !== j && l <= i) rest[above + next]! -= il;
      if (k !== i) rest[below + here]! -= kj;
      if (k !== i && l !== j) rest[below + next]! -= kl;
    }
  }
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
