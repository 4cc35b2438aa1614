import { symmetricEigen } from '../linear-algebra/symmetric-eigen';
import type { ClassMoments } from './moments';

/** S_B = Σ_r values[r] axes[r] axes[r]ᵀ: its eigenvalues above the cut-off, largest first, and their unit vectors. */
export interface BetweenAxes {
  readonly values: Float64Array;
  /** rank × width */
  readonly axes: Float64Array;
  /** the grand mean */
  readonly mean: Float64Array;
}

/** Eigenvalues of S_B below this share of the largest are rounding, not range. */
export const betweenCutoff = 1e-10;

/** The grand mean: class means by their counts. */
export function grandMean({
  counts,
  mean,
  classes,
  width,
}: Pick<ClassMoments, 'counts' | 'mean' | 'classes' | 'width'>): Float64Array {
  const out = new Float64Array(width);
  let seen = 0;
  for (let k = 0; k < classes; k++) {
    if (counts[k] === 0) continue;
    seen += counts[k]!;
    const share = counts[k]! / seen;
    for (let j = 0; j < width; j++) out[j]! += (mean[k * width + j]! - out[j]!) * share;
  }
  return out;
}

/** Rows √(n_k/n) (μ_k − μ), one a class: S_B is the sum of their outer products. */
export function weightedCentres(
  m: Pick<ClassMoments, 'counts' | 'mean' | 'classes' | 'width'>,
  mean: Float64Array,
): Float64Array {
  const n = m.counts.reduce((s, c) => s + c, 0);
  const rows = new Float64Array(m.classes * m.width);
  for (let k = 0; k < m.classes; k++) {
    const weight = Math.sqrt(m.counts[k]! / n);
    if (weight === 0) continue;
    for (let j = 0; j < m.width; j++) rows[k * m.width + j] = weight * (m.mean[k * m.width + j]! - mean[j]!);
  }
  return rows;
}

/** Eigenvalues above the cut-off and unit eigenvectors of the sum of the rows' outer products, through the rows' Gram matrix; at most `most` of them. */
export function rangeOf(
  rows: Float64Array,
  count: number,
  width: number,
  most: number,
  cutoff: number,
): { values: Float64Array; axes: Float64Array } {
  const gram = new Float64Array(count * count);
  for (let k = 0; k < count; k++)
    for (let l = 0; l <= k; l++) {
      let sum = 0;
      for (let j = 0; j < width; j++) sum += rows[k * width + j]! * rows[l * width + j]!;
      gram[k * count + l] = gram[l * count + k] = sum;
    }
  const { values, vectors } = symmetricEigen(gram, count);
  let rank = 0;
  while (rank < Math.min(most, width) && values[rank]! > cutoff * values[0]!) rank++;
  const axes = new Float64Array(rank * width);
  for (let r = 0; r < rank; r++) {
    for (let k = 0; k < count; k++) {
      const weight = vectors[r * count + k]! / Math.sqrt(values[r]!);
      for (let j = 0; j < width; j++) axes[r * width + j]! += weight * rows[k * width + j]!;
    }
  }
  return { values: values.slice(0, rank), axes };
}

/** The range of the covariance between classes: at most one dimension fewer than there are classes with examples. */
export function betweenAxes(m: ClassMoments): BetweenAxes {
  const mean = grandMean(m);
  const present = m.counts.reduce((s, c) => s + (c > 0 ? 1 : 0), 0);
  return { mean, ...rangeOf(weightedCentres(m, mean), m.classes, m.width, present - 1, betweenCutoff) };
}
