import { betweenCutoff, grandMean, rangeOf, weightedCentres } from './folds/between';
import type { ClassMoments } from './folds/moments';
import type { Scatter } from './folds/scatter';
import { backwardSolve, forwardSolve, pivotedCholesky } from './linear-algebra/pivoted-cholesky';
import { addGram, project, transposed } from './linear-algebra/products';
import { symmetricEigen } from './linear-algebra/symmetric-eigen';

/** Units whose variance given the units already taken is below this share of the largest unit’s are no part of the range of S_T. */
export const spectrumCutoff = 1e-5;

/** Up to this width all eigenvalues of S_T are worked out, which takes its third power. */
const widestEigen = 512;

/** The generalised eigenvalues of (S_W, S_T) on the range of S_T that differ from 1, smallest first, and their directions. */
export interface Spectrum {
  /** dimensions of the range of S_T */
  readonly rank: number;
  /** share of variance within classes, one a direction; the rank minus their number more directions have 1 */
  readonly within: Float64Array;
  /** directions × width, vᵀ S_T v = 1 */
  readonly directions: Float64Array;
  /** exponential of the entropy of S_T’s eigenvalues; null for wide features */
  readonly effectiveRank: number | null;
  /** (tr S)² / tr S² */
  readonly participation: { readonly total: number; readonly within: number };
}

const sum = (x: Float64Array): number => x.reduce((s, v) => s + v, 0);

/** S_T = S_W + S_B as a full matrix, width × width. */
function totalCovariance(s: Scatter, centres: Float64Array): Float64Array {
  const { width, classes } = s;
  const n = sum(s.counts);
  const total = s.within.map((v) => v / n);
  addGram(transposed(centres, classes, width), width, classes, total);
  return total;
}

/** (tr S)² / tr S²: how many directions would have this spread if all were alike. */
function participation(covariance: Float64Array, width: number): number {
  let [trace, squares] = [0, 0];
  for (let j = 0; j < width; j++) trace += covariance[j * width + j]!;
  for (const v of covariance) squares += v * v;
  return trace ** 2 / squares;
}

function effectiveRank(covariance: Float64Array, width: number): number | null {
  if (width > widestEigen) return null;
  const values = symmetricEigen(covariance, width).values.map((v) => Math.max(0, v));
  const total = sum(values);
  return Math.exp(-values.reduce((s, v) => (v === 0 ? s : s + (v / total) * Math.log(v / total)), 0));
}

/**
 * Spectrum of (S_W, S_T). S_W = S_T − S_B, so in coordinates in which S_T is the identity the eigenvalues are 1 minus those of S_B, of which at most
 * K − 1 are not 0: one pivoted Cholesky factor of S_T, and the eigenvalues of a K × K matrix.
 */
export function spectrumOf(s: Scatter): Spectrum {
  const { width, classes } = s;
  const centres = weightedCentres(s, grandMean(s));
  const covariance = totalCovariance(s, centres);
  const factor = pivotedCholesky(covariance, width, spectrumCutoff);
  const rank = factor.pivots.length;
  const whitened = new Float64Array(classes * rank);
  for (let k = 0; k < classes; k++)
    whitened.set(forwardSolve(factor, width, centres.subarray(k * width, (k + 1) * width)), k * rank);
  const present = s.counts.reduce((m, n) => m + (n > 0 ? 1 : 0), 0);
  const between = rangeOf(whitened, classes, rank, present - 1, betweenCutoff);
  const directions = new Float64Array(between.values.length * width);
  for (let d = 0; d < between.values.length; d++)
    directions.set(backwardSolve(factor, width, between.axes.subarray(d * rank, (d + 1) * rank)), d * width);
  return {
    rank,
    within: between.values.map((v) => Math.max(0, 1 - v)),
    directions,
    effectiveRank: effectiveRank(covariance, width),
    participation: { total: participation(covariance, width), within: participation(s.within, width) },
  };
}

/** Share of the variance along the direction that lies between the groups of these moments; NaN where they cover no variance. */
function betweenShare(m: ClassMoments, total: number, n: number, direction: Float64Array): number {
  const along = Array.from(m.counts, (_, k) => {
    let dot = 0;
    for (let j = 0; j < m.width; j++) dot += m.mean[k * m.width + j]! * direction[j]!;
    return dot;
  });
  const mean = along.reduce((s, v, k) => s + (m.counts[k]! / n) * v, 0);
  return along.reduce((s, v, k) => s + (m.counts[k]! / n) * (v - mean) ** 2, 0) / total;
}

/**
 * One row a direction, smallest share within classes first: that share, the share between classes, the share between values of the attribute
 * (where every example has one), judged on the examples of `judged`, which may be another split than the one the directions were fitted on.
 */
export function spectrumTable(
  fitted: Spectrum,
  judged: Scatter,
): { direction: number; within: number; attribute: number }[] {
  const { width } = judged;
  const n = sum(judged.counts);
  const attributed = sum(judged.byAttribute.counts);
  const count = fitted.within.length;
  const products = new Float64Array(width * count);
  if (count > 0) project({ values: judged.within, from: 0, n: width, width }, fitted.directions, count, null, products);
  return Array.from(fitted.within, (_, d) => {
    const direction = fitted.directions.subarray(d * width, (d + 1) * width);
    let within = 0;
    for (let i = 0; i < width; i++) within += (direction[i]! * products[i * count + d]!) / n;
    const classes: ClassMoments = { ...judged, squares: new Float64Array(0) };
    const between = betweenShare(classes, 1, n, direction);
    const total = within + between;
    return {
      direction: d,
      within: within / total,
      attribute: attributed === n ? betweenShare(judged.byAttribute, total, n, direction) : Number.NaN,
    };
  });
}
