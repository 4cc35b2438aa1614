import type { Measurement } from './define-metric';

/**
 * Mean of the values whose count is above `more`: classes without enough examples do not matter, a value that is NaN does. NaN when there is none.
 */
export function meanWhereCounted(values: readonly number[], counts: ArrayLike<number>, more = 0): number {
  const counted = values.filter((_, i) => counts[i]! > more);
  return counted.reduce((s, v) => s + v / counted.length, counted.length === 0 ? Number.NaN : 0);
}

/** Mean of the values by the counts; values with count 0 do not matter. NaN when all counts are 0. */
export function meanByCount(values: ArrayLike<number>, counts: ArrayLike<number>): number {
  let [total, sum] = [0, 0];
  for (let i = 0; i < counts.length; i++) {
    if (counts[i]! === 0) continue;
    total += counts[i]!;
    sum += values[i]! * counts[i]!;
  }
  return sum / total;
}

/** The natural logarithm of a measured variance as a variant of its own, so that differences between runs are relative: −0.1 is a tenth lower. */
export const logVariant = ({ value, perClass }: Measurement): Measurement => ({
  variant: 'log',
  value: Math.log(value),
  ...(perClass ? { perClass: perClass.map(Math.log) } : {}),
});
