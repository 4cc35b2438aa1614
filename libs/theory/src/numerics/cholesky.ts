/**
 * Solves A x = b for a symmetric positive definite A (n × n, row-major) by Cholesky's factorisation after scaling the diagonal
 * to one, so that units of the variables do not matter. Returns null where A is not positive definite to working precision.
 */
export function solvePositiveDefinite(a: Float64Array, b: Float64Array): Float64Array | null {
  const n = b.length;
  const scale = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    const d = a[i * n + i]!;
    if (!(d > 0)) return null;
    scale[i] = 1 / Math.sqrt(d);
  }
  const l = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let s = a[i * n + j]! * scale[i]! * scale[j]!;
      for (let k = 0; k < j; k++) s -= l[i * n + k]! * l[j * n + k]!;
      if (i !== j) l[i * n + j] = s / l[j * n + j]!;
      else if (s > 1e-15 * n) l[i * n + i] = Math.sqrt(s);
      else return null;
    }
  }
  const x = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    let s = b[i]! * scale[i]!;
    for (let k = 0; k < i; k++) s -= l[i * n + k]! * x[k]!;
    x[i] = s / l[i * n + i]!;
  }
  for (let i = n - 1; i >= 0; i--) {
    let s = x[i]!;
    for (let k = i + 1; k < n; k++) s -= l[k * n + i]! * x[k]!;
    x[i] = s / l[i * n + i]!;
  }
  return x.map((v, i) => v * scale[i]!);
}
