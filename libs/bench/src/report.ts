/** What `minvar bench NAME --json` prints. */
export interface BenchReport {
  readonly name: string;
  readonly machine: Readonly<Record<string, unknown>>;
  /** ISO 8601 */
  readonly date: string;
  readonly rows: readonly BenchRow[];
  /** > 1: minvar is better */
  readonly ratios: readonly BenchRatio[];
  /** what was left out, and why */
  readonly notes: readonly string[];
}

export interface BenchRow {
  readonly subject: string;
  readonly case: string;
  readonly value: number;
  readonly unit: string;
}

export interface BenchRatio {
  readonly case: string;
  readonly peer: string;
  readonly ratio: number;
  /** smallest and largest ratio over the rounds; null where there was one round only */
  readonly low: number | null;
  readonly high: number | null;
}

/** Middle value; the mean of the two middle ones for an even number. NaN for none. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  return sorted.length % 2 === 1 ? sorted[Math.floor(middle)]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/**
 * Ratio of two rates measured in turns: the median of the ratios round by round, which a machine whose speed drifts moves less than the
 * ratio of medians.
 */
export function pairedRatio(
  own: readonly number[],
  peer: readonly number[],
): { ratio: number; low: number | null; high: number | null } {
  const rounds = own.slice(0, peer.length).map((rate, i) => rate / peer[i]!);
  return {
    ratio: median(rounds),
    low: rounds.length > 1 ? Math.min(...rounds) : null,
    high: rounds.length > 1 ? Math.max(...rounds) : null,
  };
}

/** Least-squares slope of y over x. */
export function slope(x: readonly number[], y: readonly number[]): number {
  const mean = (v: readonly number[]): number => v.reduce((a, b) => a + b, 0) / v.length;
  const [mx, my] = [mean(x), mean(y)];
  const sxy = x.reduce((s, v, i) => s + (v - mx) * (y[i]! - my), 0);
  const sxx = x.reduce((s, v) => s + (v - mx) ** 2, 0);
  return sxy / sxx;
}
