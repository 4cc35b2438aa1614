import { studentCritical, studentTwoSided } from './student-t';

/** One seed's values of the two arms. */
export interface Pair {
  readonly seed: number;
  readonly a: number;
  readonly b: number;
}

export interface PairedComparison {
  readonly n: number;
  readonly meanA: number;
  readonly meanB: number;
  /** mean of a − b */
  readonly difference: number;
  /** interval of the mean difference; null for a single pair */
  readonly low: number | null;
  readonly high: number | null;
  /** two-sided p of Student's paired t test against 0; null for a single pair */
  readonly p: number | null;
  /** pairs with a > b, and with a < b */
  readonly above: number;
  readonly below: number;
}

const mean = (x: readonly number[]): number => x.reduce((s, v) => s + v, 0) / x.length;

/**
 * Student's paired t interval and test of the mean of a − b. Values must be finite and there must be a pair. Where all differences are the
 * same the interval is that one number, p is 0 (1 for differences of 0).
 */
export function comparePairs(pairs: readonly Pair[], confidence = 0.95): PairedComparison {
  const n = pairs.length;
  if (n === 0) throw new Error('pairs is empty: nothing to compare');
  const broken = pairs.find((p) => !Number.isFinite(p.a) || !Number.isFinite(p.b));
  if (broken) throw new Error(`seed ${broken.seed}: values ${broken.a} and ${broken.b}; leave out what is not finite`);
  const differences = pairs.map((p) => p.a - p.b);
  const difference = mean(differences);
  const shared = {
    n,
    meanA: mean(pairs.map((p) => p.a)),
    meanB: mean(pairs.map((p) => p.b)),
    difference,
    above: differences.filter((d) => d > 0).length,
    below: differences.filter((d) => d < 0).length,
  };
  if (n === 1) return { ...shared, low: null, high: null, p: null };
  const deviation = Math.sqrt(differences.reduce((s, d) => s + (d - difference) ** 2, 0) / (n - 1));
  const standardError = deviation / Math.sqrt(n);
  const half = studentCritical(1 - confidence, n - 1) * standardError;
  const p = standardError === 0 ? (difference === 0 ? 1 : 0) : studentTwoSided(difference / standardError, n - 1);
  return { ...shared, low: difference - half, high: difference + half, p };
}

/** Holm's adjusted p-values, in the given order (S. Holm, Scandinavian Journal of Statistics 6, 1979). */
export function holm(p: readonly number[]): number[] {
  const order = [...p.keys()].sort((i, j) => p[i]! - p[j]!);
  const adjusted = new Array<number>(p.length);
  let largest = 0;
  order.forEach((i, rank) => {
    largest = Math.max(largest, Math.min(1, (p.length - rank) * p[i]!));
    adjusted[i] = largest;
  });
  return adjusted;
}
