export interface Rule {
  /** nodes in (−1, 1), ascending */
  readonly nodes: Float64Array;
  /** weights, summing to one */
  readonly weights: Float64Array;
}

const known = new Map<string, Rule>();

/**
 * Gauss–Jacobi rule of n nodes for the weight (1 − x)^a (1 + x)^b on [−1, 1], a, b > −1, normalised to total weight one: exact for
 * polynomials of degree 2n − 1. G. Golub, J. Welsch, Calculation of Gauss quadrature rules, 1969: the nodes are the eigenvalues of
 * the Jacobi matrix, the weights the squares of the eigenvectors' first components.
 */
export function gaussJacobi(n: number, a: number, b: number): Rule {
  const key = `${n} ${a} ${b}`;
  const found = known.get(key);
  if (found) return found;
  const diagonal = new Float64Array(n);
  const off = new Float64Array(n);
  for (let k = 0; k < n; k++) {
    const s = 2 * k + a + b;
    diagonal[k] = k === 0 ? (b - a) / (a + b + 2) : ((b - a) * (b + a)) / (s * (s + 2));
    if (k === 0) continue;
    // At k = 1 the factors (k + a + b) and (s − 1) are equal and may both vanish.
    const ratio = k === 1 ? 1 / (s + 1) : (k + a + b) / ((s + 1) * (s - 1));
    off[k - 1] = Math.sqrt((4 * k * (k + a) * (k + b) * ratio) / (s * s));
  }
  const first = new Float64Array(n);
  first[0] = 1;
  diagonalise(diagonal, off, first);
  const order = [...diagonal.keys()].sort((i, j) => diagonal[i]! - diagonal[j]!);
  const rule: Rule = {
    nodes: Float64Array.from(order, (i) => diagonal[i]!),
    weights: Float64Array.from(order, (i) => first[i]! ** 2),
  };
  known.set(key, rule);
  return rule;
}

/** Implicit QL on a symmetric tridiagonal matrix; turns `first` along, in place (Golub & Welsch's variant of EISPACK's imtql2). */
function diagonalise(d: Float64Array, e: Float64Array, first: Float64Array): void {
  const n = d.length;
  for (let l = 0; l < n; l++) {
    for (;;) {
      let m = l;
      while (m < n - 1 && Math.abs(e[m]!) > Number.EPSILON * (Math.abs(d[m]!) + Math.abs(d[m + 1]!)) * 0.5) m++;
      if (m === l) break;
      let g = (d[l + 1]! - d[l]!) / (2 * e[l]!);
      let r = Math.hypot(g, 1);
      g = d[m]! - d[l]! + e[l]! / (g + (g < 0 ? -r : r));
      let [s, c, p] = [1, 1, 0];
      let i = m - 1;
      for (; i >= l; i--) {
        const f = s * e[i]!;
        const b = c * e[i]!;
        r = Math.hypot(f, g);
        e[i + 1] = r;
        if (r === 0) {
          d[i + 1]! -= p;
          e[m] = 0;
          break;
        }
        s = f / r;
        c = g / r;
        g = d[i + 1]! - p;
        r = (d[i]! - g) * s + 2 * c * b;
        p = s * r;
        d[i + 1] = g + p;
        g = c * r - b;
        const t = first[i + 1]!;
        first[i + 1] = s * first[i]! + c * t;
        first[i] = c * first[i]! - s * t;
      }
      if (r === 0 && i >= l) continue;
      d[l]! -= p;
      e[l] = g;
      e[m] = 0;
    }
  }
}
