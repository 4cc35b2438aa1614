import { describe, expect, it } from 'vitest';
import golden from '../golden/linear.json';
import { scoresOf } from './design';
import type { Design } from './design';
import { maxMargin, maxMarginInfinity } from './margins';
import { mixupLoss } from './mixup-loss';
import type { LinearProblem } from './problem';
import { solveLinear } from './solve';

const close = (found: readonly number[], expected: readonly number[], tolerance: number): void => {
  expect(found).toHaveLength(expected.length);
  found.forEach((v, i) =>
    expect(Math.abs(v - expected[i]!)).toBeLessThan(tolerance * Math.max(1, Math.abs(expected[i]!))),
  );
};

// golden/linear.py: BFGS and adaptive QUADPACK integrals, SLSQP, HiGHS.
describe('the solver against SciPy', () => {
  it.each(golden.cases)('$name', ({ problem, solution }) => {
    const found = solveLinear(problem as LinearProblem);
    expect(found.converged).toBe(true);
    close(
      [found.loss, found.objective, found.outputVariance],
      [solution.loss, solution.objective, solution.outputVariance],
      1e-9,
    );
    close(found.weights, solution.weights, 2e-7);
    if (solution.bias === null) expect(found.bias).toBeNull();
    else close([found.bias!], [solution.bias], 2e-7);
  });

  it.each(golden.scores)('Mixup’s loss and slope at scores to $z.0, a = $a', ({ a, z, y, weights, value, slope }) => {
    // One coordinate a point: θ is then the vector of scores.
    const rows = z.map((_, i) => Float64Array.from(z, (__, j) => (i === j ? 1 : 0)));
    const design: Design = {
      rows,
      y: y as (1 | -1)[],
      weights,
      size: z.length,
      penalised: z.length,
      solution: () => ({ weights: [], bias: null }),
    };
    expect([...scoresOf(design, Float64Array.from(z))]).toEqual(z);
    const found = mixupLoss(design, a, 64)(Float64Array.from(z));
    close([found.value, ...found.gradient], [value, ...slope], 1e-10);
  });

  it.each(golden.margins)(
    'maximum margins of $points.length points, bias $bias',
    ({ points, bias, euclidean, infinity }) => {
      const found = maxMargin(points, { bias });
      expect(found.separable).toBe('all');
      close([found.margin, ...found.weights], [euclidean.margin, ...euclidean.weights], 1e-6);
      if (euclidean.bias !== null) close([found.bias!], [euclidean.bias], 1e-6);
      if (infinity !== null) {
        const other = maxMarginInfinity(points);
        close([other.margin], [infinity], 1e-9);
        expect(Math.max(...other.weights.map(Math.abs))).toBeLessThanOrEqual(1 + 1e-12);
        const smallest = Math.min(...points.map(({ x, y }) => y * x.reduce((s, v, j) => s + v * other.weights[j]!, 0)));
        expect(smallest).toBeCloseTo(other.margin, 9);
      }
    },
  );
});
