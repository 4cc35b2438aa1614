import { describe, expect, it } from 'vitest';
import { boundChain, curvatureAtOptimum } from './bounds';
import { betaEntropy, labelSmoothingFloor, labelSmoothingLogitGap, mixupFloor, smoothedTarget } from './floors';

describe('floors', () => {
  it.each([
    [2, 0.198515, 2.944439],
    [10, 0.500288, 4.51086],
    [100, 0.777797, 6.803505],
  ])('label smoothing .1 over %i classes: entropy %f, logit gap %f', (classes, floor, gap) => {
    expect(Number(labelSmoothingFloor(0.1, classes).toFixed(6))).toBe(floor);
    expect(Number(labelSmoothingLogitGap(0.1, classes).toFixed(6))).toBe(gap);
  });

  it.each(['all', 'others'] as const)('smoothed targets sum to one (%s)', (convention) => {
    const q = smoothedTarget(0.3, 7, 2, convention);
    expect(q.reduce((s, v) => s + v, 0)).toBeCloseTo(1, 14);
    expect(q[2]).toBe(Math.max(...q));
  });

  it.each([2, 10, 100])('Mixup U(0, 1) over %i balanced classes: ½(1 − 1/K)', (classes) => {
    expect(mixupFloor(1, new Array<number>(classes).fill(1 / classes))).toBeCloseTo(0.5 * (1 - 1 / classes), 13);
  });

  it.each([0.1, 0.5, 2, 7.5])('the mean entropy under Beta(%f, ·) is its integral', (a) => {
    // The midpoint rule on [0, ½], normalised by itself; λ = u^(1/b) removes the end's power where it is not smooth.
    let [sum, total] = [0, 0];
    const n = 200_000;
    const b = Math.min(a, 1);
    for (let i = 0; i < n; i++) {
      const l = (((i + 0.5) / n) * 0.5 ** b) ** (1 / b);
      const density = (1 - l) ** (a - 1) * l ** (a - b);
      sum += density * -(l * Math.log(l) + (1 - l) * Math.log1p(-l));
      total += density;
    }
    expect(betaEntropy(a)).toBeCloseTo(sum / total, 6);
  });

  it('a = 0 means λ = 1, so targets have no entropy', () => {
    expect(mixupFloor(0, [0.5, 0.5])).toBe(0);
  });
});

describe('the bound', () => {
  const softmax = (z: number[]): number[] => {
    const e = z.map(Math.exp);
    const total = e.reduce((s, v) => s + v, 0);
    return e.map((v) => v / total);
  };
  it.each([0, 0.1, 0.5])('L − H(q) ≥ E‖q − p‖² ≥ E tr Cov(p | y) at α = %f, with equality at the optimum', (alpha) => {
    const labels = Array.from({ length: 60 }, (_, i) => i % 3);
    const targets = labels.map((y) => smoothedTarget(alpha, 3, y));
    const weights = labels.map(() => 1 / 60);
    const probabilities = labels.map((y, i) => softmax([0, 1, 2].map((k) => (k === y ? 2 : 0) + Math.sin(7 * i + k))));
    const chain = boundChain({ targets, probabilities, labels, weights });
    expect(chain.excess).toBeGreaterThan(chain.squaredDistance);
    expect(chain.squaredDistance).toBeGreaterThan(chain.outputVariance);
    expect(chain.outputVariance).toBeGreaterThan(0);
    const best = boundChain({ targets, probabilities: targets, labels, weights });
    for (const v of Object.values(best)) expect(Math.abs(v)).toBeLessThan(1e-15);
  });

  it('near the optimum the excess is ½ d′(diag q − qq′)d, .0475 for two classes at α = .1', () => {
    const q = smoothedTarget(0.1, 2, 0);
    const h = curvatureAtOptimum(q);
    expect(h[0]![0]).toBeCloseTo(0.0475, 15);
    const d = [1e-3, -2e-3];
    const quadratic = 0.5 * d.reduce((s, a, k) => s + d.reduce((t, b, l) => t + a * h[k]![l]! * b, 0), 0);
    const p = softmax(q.map((v, k) => Math.log(v) + d[k]!));
    const { excess } = boundChain({ targets: [q], probabilities: [p], labels: [0], weights: [1] });
    expect(excess / quadratic).toBeCloseTo(1, 2);
  });
});
