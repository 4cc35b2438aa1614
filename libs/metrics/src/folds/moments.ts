/** Count, mean and sum of squared deviations of K classes of vectors: what variances are made of, in float64. */
export interface ClassMoments {
  readonly classes: number;
  /** length of a vector; 0 until the first one is seen */
  width: number;
  readonly counts: Float64Array;
  /** classes × width */
  mean: Float64Array;
  /** classes × width: Σ (x − mean)² */
  squares: Float64Array;
}

export const noMoments = (classes: number): ClassMoments => ({
  classes,
  width: 0,
  counts: new Float64Array(classes),
  mean: new Float64Array(0),
  squares: new Float64Array(0),
});

function widen(m: ClassMoments, width: number): void {
  if (m.width === width) return;
  if (m.width !== 0) throw new Error(`vectors of ${width} values after vectors of ${m.width}`);
  m.width = width;
  m.mean = new Float64Array(m.classes * width);
  m.squares = new Float64Array(m.classes * width);
}

/** Adds the vector at `values[from …]` to class k (B. P. Welford, Technometrics 4, 1962). */
export function addVector(m: ClassMoments, k: number, values: ArrayLike<number>, from: number, width: number): void {
  widen(m, width);
  const share = 1 / ++m.counts[k]!;
  const { mean, squares } = m;
  for (let j = 0, at = k * width; j < width; j++, at++) {
    const value = values[from + j]!;
    const difference = value - mean[at]!;
    const next = mean[at]! + difference * share;
    mean[at] = next;
    squares[at]! += difference * (value - next);
  }
}

/** Adds all of `b` to `a` (T. Chan, G. Golub, R. LeVeque, Updating formulae and a pairwise algorithm, 1979). */
export function mergeMoments(a: ClassMoments, b: ClassMoments): void {
  if (b.width === 0) return;
  widen(a, b.width);
  for (let k = 0; k < a.classes; k++) {
    const [na, nb] = [a.counts[k]!, b.counts[k]!];
    if (nb === 0) continue;
    const n = na + nb;
    for (let j = 0, at = k * a.width; j < a.width; j++, at++) {
      const difference = b.mean[at]! - a.mean[at]!;
      a.mean[at]! += (difference * nb) / n;
      a.squares[at]! += b.squares[at]! + (difference * difference * na * nb) / n;
    }
    a.counts[k] = n;
  }
}

/** Σ over the coordinates of the squared deviations from the mean, of each class. */
export function traces(m: ClassMoments): number[] {
  return Array.from({ length: m.classes }, (_, k) => {
    let sum = 0;
    for (let j = 0; j < m.width; j++) sum += m.squares[k * m.width + j]!;
    return sum;
  });
}

/** n tr S_W, n tr S_B and n tr S_T = n tr S_W + n tr S_B: sums of squares within classes, between them, and in total. */
export function scatterTraces(m: ClassMoments): { n: number; within: number; between: number; total: number } {
  const n = m.counts.reduce((s, c) => s + c, 0);
  const within = traces(m).reduce((s, t) => s + t, 0);
  let between = 0;
  for (let j = 0; j < m.width; j++) {
    // Merging class by class avoids the difference of two large squares.
    let [count, mean] = [0, 0];
    for (let k = 0; k < m.classes; k++) {
      const c = m.counts[k]!;
      if (c === 0) continue;
      const difference = m.mean[k * m.width + j]! - mean;
      between += (difference * difference * count * c) / (count + c);
      count += c;
      mean += (difference * c) / count;
    }
  }
  return { n, within, between, total: within + between };
}

/** tr S_W / tr S_T, and of each class the trace of its own covariance (divisor n_k) over tr S_T; NaN without examples. */
export function ratioOf(m: ClassMoments): { value: number; perClass: number[] } {
  const { n, within, total } = scatterTraces(m);
  return { value: within / total, perClass: traces(m).map((t, k) => t / m.counts[k]! / (total / n)) };
}
