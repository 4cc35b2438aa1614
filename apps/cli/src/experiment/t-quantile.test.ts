import { describe, expect, it } from 'vitest';
import { tQuantile } from './t-quantile';

describe('the quantile of Student’s t', () => {
  it('equals the tables at 95 % two-sided', () => {
    // scipy.stats.t.ppf(0.975, df)
    const table: [number, number][] = [
      [1, 12.706204736174704],
      [2, 4.302652729749464],
      [5, 2.5705818356363146],
      [9, 2.2621571627982053],
      [30, 2.0422724563012383],
      [1000, 1.962339080826407],
    ];
    for (const [df, t] of table) expect(tQuantile(0.975, df)).toBeCloseTo(t, 9);
  });
});
