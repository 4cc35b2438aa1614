import { describe, expect, it } from 'vitest';
import { reversedToyPoints, standardised, toyPoints } from '../toy';
import { maxMarginInfinity } from './margins';
import { highShare, linearPath, weightDecays } from './path';
import type { LinearProblem } from './problem';
import { solveLinear } from './solve';

const toy = (rest: Partial<LinearProblem>): LinearProblem => ({
  points: toyPoints(),
  loss: 'erm',
  low: [0],
  high: [1],
  ...rest,
});
const round5 = (v: number): number => Number(v.toFixed(5));

describe('the exact optimum on the two-feature toy', () => {
  it.each([
    ['erm', 1e-2, [0.95479, 2.47949, 0.87087, 0.054671]],
    ['erm', 1e-3, [1.52486, 3.73046, 0.85684, 0.01118]],
    ['label-smoothing', 0, [5.88888, 0, 0, 0.198515]],
    ['label-smoothing', 1e-3, [2.23555, 1.19603, 0.22253, 0.205006]],
    ['label-smoothing', 1e-2, [0.80322, 1.56155, 0.79077, 0.221432]],
    ['mixup', 0, [7.08457, 0, 0, 0.273899]],
    ['mixup', 1e-3, [2.64468, 1.39343, 0.21728, 0.283126]],
  ] as const)('%s at weight decay %f has the published weights, share and objective', (loss, weightDecay, expected) => {
    const s = solveLinear(toy({ loss, weightDecay }));
    expect(s.converged).toBe(true);
    expect([...s.weights, highShare(s)].map((v) => round5(v) + 0)).toEqual(expected.slice(0, 3));
    expect(Number(s.objective.toFixed(6))).toBe(expected[3]);
    expect(s.objective - s.loss).toBeCloseTo((weightDecay / 2) * (s.lowNorm! ** 2 + s.highNorm! ** 2), 14);
  });

  it('label smoothing without decay uses L alone, at ln 19 / 0.5, and meets its floor without any output variance', () => {
    const s = solveLinear(toy({ loss: 'label-smoothing' }));
    expect(s.weights[0]).toBeCloseTo(Math.log(19) / 0.5, 12);
    expect(s.highNorm).toBeLessThan(1e-12);
    expect(s.loss).toBeCloseTo(s.floor, 14);
    expect(s.outputVariance).toBeLessThan(1e-28);
  });

  it('ERM without decay has no minimiser: the answer is the maximum-margin direction, the loss its limit', () => {
    const s = solveLinear(toy({}));
    expect(s).toMatchObject({ converged: false, loss: 0, objective: 0, floor: 0, outputVariance: 0, bias: null });
    expect(s.weights[0]).toBeCloseTo(0.5 / Math.hypot(0.5, 1), 12);
    expect(s.weights[1]).toBeCloseTo(1 / Math.hypot(0.5, 1), 12);
    expect(highShare(s)).toBeCloseTo(0.8, 12);
  });

  it('ERM tends to the maximum-margin direction as weight decay goes to 0', () => {
    const shares = linearPath(toy({}), [...weightDecays(1e-2, 1e-14, 13), 0]).map((p) => highShare(p.solution));
    shares.slice(1).forEach((share, i) => expect(share).toBeLessThan(shares[i]!));
    // as 1 / log(1/λ): slowly
    expect(shares.at(-2)).toBeGreaterThan(0.8);
    expect(shares.at(-2)).toBeLessThan(0.81);
  });

  it.each([
    [0, 0],
    [0.05, 0.0809],
    [0.1, 0.3245],
    [0.2, 1.3331],
    [0.3, 3.0402],
  ])('with x_L = 0.5y ± %f label smoothing has w_H / w_L = %f', (s, ratio) => {
    const { weights } = solveLinear(toy({ points: toyPoints(s), loss: 'label-smoothing' }));
    expect(Number((weights[1]! / weights[0]!).toFixed(4)) + 0).toBe(ratio);
  });

  it('on standardised inputs ERM keeps less than half on H, label smoothing still nothing', () => {
    const points = standardised(toyPoints());
    expect(Number(highShare(solveLinear(toy({ points, weightDecay: 1e-3 }))).toFixed(4))).toBe(0.4352);
    expect(highShare(solveLinear(toy({ points, loss: 'label-smoothing' })))).toBeLessThan(1e-20);
  });

  it('where L separates better than H, ERM too rests on L: its limit is the direction (2, ½)', () => {
    const points = reversedToyPoints();
    expect(highShare(solveLinear(toy({ points })))).toBeCloseTo(0.25 / 4.25, 12);
    for (const weightDecay of [1e-3, 1e-2])
      expect(highShare(solveLinear(toy({ points, weightDecay })))).toBeLessThan(0.5);
  });

  it('Adam’s margin, in the maximum norm, weighs both features equally', () => {
    const { weights, margin } = maxMarginInfinity(toyPoints());
    expect(weights).toEqual([1, 1]);
    expect(margin).toBeCloseTo(1.5, 12);
  });
});

describe('the solver at its edges', () => {
  it.each([
    ['label-smoothing', 0],
    ['mixup', 0],
  ] as const)('%s with alpha %i is ERM', (loss, alpha) => {
    for (const weightDecay of [1e-3, 0]) {
      expect(solveLinear(toy({ loss, alpha, weightDecay }))).toEqual(solveLinear(toy({ weightDecay })));
    }
  });

  it('a joined point counts as often as its copies, and weights matter only relative to each other', () => {
    const twice = [...toyPoints(), ...toyPoints().slice(0, 5)];
    const weighted = toyPoints().map((p, i) => ({ ...p, weight: i < 5 ? 20 : 10 }));
    for (const loss of ['erm', 'label-smoothing', 'mixup'] as const) {
      const [a, b] = [twice, weighted].map((points) => solveLinear({ points, loss, weightDecay: 1e-3 }).weights);
      a!.forEach((v, j) => expect(v).toBeCloseTo(b![j]!, 9));
    }
  });

  it('a point of weight 0 is no point', () => {
    const points = [...toyPoints(), { x: [9, -9], y: 1, weight: 0 }];
    expect(solveLinear(toy({ points })).weights).toEqual(solveLinear(toy({})).weights);
  });

  it('a feature that never varies gets no weight', () => {
    const points = toyPoints().map((p) => ({ ...p, x: [...p.x, 0] }));
    expect(solveLinear({ points, loss: 'label-smoothing' }).weights[2]).toBe(0);
    expect(
      solveLinear({ points: points.map((p) => ({ ...p, x: [p.x[0]!, p.x[1]!, 7] })), loss: 'mixup', bias: true })
        .weights[2],
    ).toBe(0);
  });

  it('all inputs 0: no weights, and the loss of a coin', () => {
    const s = solveLinear({
      points: [
        { x: [0, 0], y: 1 },
        { x: [0, 0], y: -1 },
      ],
      loss: 'erm',
    });
    expect(s).toMatchObject({ weights: [0, 0], converged: true, loss: Math.log(2) });
  });

  it('where part of the points cannot be separated, the rest goes to its limit and their loss remains', () => {
    // On x_2 = 0 the classes contradict each other; the others are separated by x_2 alone.
    const points = [
      { x: [1, 0], y: 1, weight: 3 },
      { x: [1, 0], y: -1, weight: 1 },
      { x: [5, 1], y: 1, weight: 2 },
      { x: [5, -3], y: -1, weight: 2 },
    ];
    const s = solveLinear({ points, loss: 'erm' });
    expect(s.converged).toBe(false);
    expect(s.weights.map(round5)).toEqual([0, 1]);
    const entropy = -0.75 * Math.log(0.75) - 0.25 * Math.log(0.25);
    expect(s.loss).toBeCloseTo(0.5 * entropy, 12);
    // The path in λ falls to that limit and turns in that direction.
    const near = solveLinear({ points, loss: 'erm', weightDecay: 1e-10 });
    expect(near.loss).toBeGreaterThan(s.loss);
    expect(near.loss).toBeCloseTo(s.loss, 6);
    expect(near.outputVariance).toBeCloseTo(s.outputVariance, 6);
  });

  it('the same with a bias: the boundary goes through the points that contradict each other', () => {
    const points = [
      { x: [1, 2], y: 1 },
      { x: [1, 2], y: -1 },
      { x: [4, 4], y: 1 },
      { x: [4, -1], y: -1 },
    ];
    const s = solveLinear({ points, loss: 'erm', bias: true });
    expect(s.converged).toBe(false);
    expect(s.weights[0]! * 1 + s.weights[1]! * 2 + s.bias!).toBeCloseTo(0, 12);
    expect(s.loss).toBeCloseTo(0.5 * Math.log(2), 12);
    const near = solveLinear({ points, loss: 'erm', bias: true, weightDecay: 1e-12 });
    const length = Math.hypot(...near.weights);
    near.weights.forEach((v, j) => expect(v / length).toBeCloseTo(s.weights[j]!, 1));
  });

  it('a single class with a bias needs no weights', () => {
    const points = [{ x: [1, 2], y: -1 }];
    for (const weightDecay of [0, 1]) {
      for (const loss of ['erm', 'mixup'] as const)
        expect(solveLinear({ points, loss, bias: true, weightDecay })).toMatchObject({
          converged: false,
          weights: [0, 0],
          bias: -1,
          loss: 0,
        });
      expect(solveLinear({ points, loss: 'label-smoothing', bias: true, weightDecay }).bias).toBeCloseTo(
        -Math.log(19),
        12,
      );
    }
  });

  it('Mixup on a single separable class escapes like ERM', () => {
    const points = [
      { x: [1, 0], y: 1 },
      { x: [0, 1], y: 1 },
    ];
    const s = solveLinear({ points, loss: 'mixup' });
    expect(s).toMatchObject({ converged: false, loss: 0, floor: 0 });
    s.weights.forEach((w) => expect(w).toBeCloseTo(Math.SQRT1_2, 12));
  });
});

describe('a problem that cannot be posed', () => {
  const point = { x: [1, 2], y: 1 };
  const at = (p: object): object => ({ points: [point, p], loss: 'erm' });
  it.each([
    [{ points: [], loss: 'erm' }, 'points is []; expected at least one point'],
    [{ points: 'all', loss: 'erm' }, 'points is "all"; expected a list of points {x, y, weight}'],
    [at({ x: [1, Number.NaN], y: 1 }), 'points[1].x[1] is NaN; expected a finite number'],
    [at({ x: [1, null], y: 1 }), 'points[1].x[1] is null; expected a finite number'],
    [at({ x: [1], y: 1 }), 'points[1].x is [1]; expected 2 coordinates as in points[0].x'],
    [{ points: [{ x: [], y: 1 }], loss: 'erm' }, 'points[0].x is []; expected at least one coordinate'],
    [at({ x: [1, 2], y: 0 }), 'points[1].y is 0; expected 1 or -1'],
    [at({ x: [1, 2], y: 1, weight: -1 }), 'points[1].weight is -1; expected a finite number ≥ 0'],
    [at({ x: [1, 2], y: 1, weight: Infinity }), 'points[1].weight is Infinity; expected a finite number ≥ 0'],
    [at({ x: [1, 2], y: 1, wieght: 2 }), 'points[1].wieght is 2; expected no such field; there are x, y, weight'],
    [{ points: [{ ...point, weight: 0 }], loss: 'erm' }, 'expected at least one point with a weight above 0'],
    [{ points: [point] }, 'loss is undefined; expected one of erm, label-smoothing, mixup'],
    [{ points: [point], loss: 'hinge' }, 'loss is "hinge"; expected one of erm, label-smoothing, mixup'],
    [{ points: [point], loss: 'label-smoothing', alpha: 1.5 }, 'alpha is 1.5; expected a number from 0 to 1'],
    [{ points: [point], loss: 'mixup', alpha: -1 }, 'alpha is -1; expected a number from 0 to 1000'],
    [{ points: [point], loss: 'erm', weightDecay: -1e-3 }, 'weightDecay is -0.001; expected a finite number ≥ 0'],
    [{ points: [point], loss: 'erm', weightDecay: '1' }, 'weightDecay is "1"; expected a finite number ≥ 0'],
    [{ points: [point], loss: 'erm', low: [2] }, 'low[0] is 2; expected an index from 0 to 1'],
    [{ points: [point], loss: 'erm', high: [0.5] }, 'high[0] is 0.5; expected an index from 0 to 1'],
    [
      { points: [point], loss: 'erm', low: [0], high: [0] },
      'high[0] is 0; expected an index that is not in low as well',
    ],
    [{ points: [point], loss: 'erm', bias: 1 }, 'bias is 1; expected true or false'],
    [{ points: [point], loss: 'erm', wd: 1 }, 'wd is 1; expected no such field'],
    [null, 'problem is null; expected an object'],
  ])('%j is refused by name', (problem, message) => {
    expect(() => solveLinear(problem as LinearProblem)).toThrow(message);
  });
});
