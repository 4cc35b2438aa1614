import type { Example } from '@minvar/graph';
import { expect } from 'vitest';

/** |a − b| relative to the largest slope: 1e-7 in float64, 3e-3 along directions in float32. */
export function expectClose(analytic: readonly number[], numeric: readonly number[], example: Example): void {
  const scale = Math.max(1e-3, ...analytic.map(Math.abs), ...numeric.map(Math.abs));
  const tolerance = (example.precision === 'float32' ? 3e-3 : 1e-7) * scale;
  const worst = Math.max(...analytic.map((a, i) => Math.abs(a - numeric[i]!)));
  expect(
    { worst: worst <= tolerance ? 'within tolerance' : worst, analytic, numeric },
    `derivatives differ by ${worst}`,
  ).toMatchObject({ worst: 'within tolerance' });
}
