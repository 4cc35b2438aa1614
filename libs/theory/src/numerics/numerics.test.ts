import { describe, expect, it } from 'vitest';
import { betaMoments, betaRule, cutBetaRule } from '../linear/beta-panels';
import { digamma } from './digamma';
import { gaussJacobi } from './gauss-jacobi';
import { leastDistance } from './nnls';
import { rowSpace } from './row-space';
import { simplex } from './simplex';
import { dot } from './vectors';

/** E λ^k under Beta(a, a). */
const moment = (a: number, k: number): number => (k === 0 ? 1 : (moment(a, k - 1) * (a + k - 1)) / (2 * a + k - 1));
const mean = (rule: { lambda: Float64Array; weight: Float64Array }, k: number): number =>
  rule.lambda.reduce((s, l, i) => s + rule.weight[i]! * l ** k, 0);

describe('quadrature over Beta(a, a)', () => {
  it.each([0.05, 0.3, 0.5, 1, 1.5, 2, 7, 300])('has the moments of a = %f, whole and cut', (a) => {
    for (const k of [0, 1, 2, 5, 20]) {
      for (const nodes of [16, 256]) expect(mean(betaRule(a, nodes), k) / moment(a, k)).toBeCloseTo(1, 12);
      for (const cuts of [[0.5], [0.2, 0.9], [0.001, 0.002, 0.7], [0.4, 0.999]])
        expect(mean(cutBetaRule(a, 64, cuts), k) / moment(a, k)).toBeCloseTo(1, 10);
    }
    expect(betaMoments(a).squared).toBeCloseTo(moment(a, 2), 14);
    expect(betaMoments(a).mixed).toBeCloseTo(moment(a, 1) - moment(a, 2), 14);
  });

  it('Gauss–Legendre of 2 and 3 nodes is the textbook’s', () => {
    expect(gaussJacobi(2, 0, 0).nodes[1]).toBeCloseTo(1 / Math.sqrt(3), 15);
    expect(gaussJacobi(3, 0, 0).nodes[2]).toBeCloseTo(Math.sqrt(0.6), 15);
    expect([...gaussJacobi(3, 0, 0).weights].map((w) => w * 18)).toEqual([5, 8, 5].map((v) => expect.closeTo(v, 12)));
  });
});

describe('linear algebra', () => {
  it('the row space of dependent rows is orthonormal and holds them', () => {
    const rows = [
      [1e6, 2, 0],
      [2e6, 4, 0],
      [1e6, 3, 0],
    ];
    const basis = rowSpace(rows);
    expect(basis).toHaveLength(2);
    expect(dot(basis[0]!, basis[1]!)).toBeCloseTo(0, 12);
    for (const row of rows) {
      const inside = basis.reduce((s, q) => s + dot(row, q) ** 2, 0);
      expect(inside / dot(row, row)).toBeCloseTo(1, 12);
    }
  });

  it('the point nearest to the origin, or a certificate that there is none', () => {
    const found = leastDistance(
      [
        [1, 0],
        [0.6, 0.8],
      ],
      [1, 2],
    );
    // Only the second constraint binds at 2·(.6, .8), and there x = 1.2 ≥ 1.
    expect(found).toEqual({ kind: 'point', x: [expect.closeTo(1.2, 12), expect.closeTo(1.6, 12)] });
    const none = leastDistance([[1], [-1]], [1, 1]);
    expect(none.kind).toBe('infeasible');
    if (none.kind === 'infeasible') expect(none.u[0]! - none.u[1]!).toBeCloseTo(0, 12);
  });

  it('a linear programme from the textbook', () => {
    // Chvátal, Linear Programming, chapter 2: optimum 13 at (2, 0, 1).
    const a = [
      [2, 3, 1],
      [4, 1, 2],
      [3, 4, 2],
    ];
    expect(simplex(a, [5, 11, 8], [5, 4, 3])).toEqual([2, 0, 1].map((v) => expect.closeTo(v, 12)));
    expect(() => simplex([[-1]], [1], [1])).toThrow('unbounded');
  });

  it('ψ(1) = −γ and ψ(½) = −γ − 2 ln 2', () => {
    const gamma = 0.5772156649015329;
    expect(digamma(1)).toBeCloseTo(-gamma, 14);
    expect(digamma(0.5)).toBeCloseTo(-gamma - 2 * Math.LN2, 14);
  });
});
