/** z with P(|Z| ≥ z) = .05 for the standard normal. */
const z95 = 1.959963984540054;

export interface Interval {
  readonly low: number;
  readonly high: number;
}

/** Wilson's 95 % score interval of a share observed among n examples (E. B. Wilson, JASA 22, 1927). */
export function wilson(share: number, n: number): Interval {
  const centre = share + (z95 * z95) / (2 * n);
  const half = z95 * Math.sqrt((share * (1 - share)) / n + (z95 * z95) / (4 * n * n));
  const scale = 1 + (z95 * z95) / n;
  return { low: Math.max(0, (centre - half) / scale), high: Math.min(1, (centre + half) / scale) };
}

/**
 * 95 % interval of the difference of two shares a − b, each observed among n examples, from their Wilson intervals
 * (R. Newcombe, Statistics in Medicine 17, 1998, method 10). The arms count as independent, which is wide for two methods judged on the same examples.
 */
export function shareDifference(a: number, b: number, n: number): Interval {
  const [wa, wb] = [wilson(a, n), wilson(b, n)];
  return {
    low: a - b - Math.hypot(a - wa.low, wb.high - b),
    high: a - b + Math.hypot(wa.high - a, b - wb.low),
  };
}
