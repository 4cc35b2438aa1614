import { describe, expect, it } from 'vitest';
import golden from '../golden/statistics.json';
import { comparePairs, holm } from './paired';
import { shareDifference, wilson } from './shares';
import { logGamma, studentCdf, studentCritical, studentTwoSided } from './student-t';
import { worseThanErm } from './worse';

const relative = (found: number, expected: number): number =>
  expected === 0 ? Math.abs(found) : Math.abs(found / expected - 1);

// golden/statistics.py: SciPy.
describe('Student’s t', () => {
  it.each(golden.student)('at $t with $freedom degrees of freedom', ({ t, freedom, cdf, twoSided }) => {
    expect(relative(studentCdf(t, freedom), cdf)).toBeLessThan(1e-10);
    expect(relative(studentTwoSided(t, freedom), twoSided)).toBeLessThan(1e-10);
  });

  it.each(golden.critical)(
    'is exceeded with probability $p at its critical value, $freedom degrees of freedom',
    ({ p, freedom, t }) => {
      expect(relative(studentCritical(p, freedom), t)).toBeLessThan(1e-10);
    },
  );

  it('rests on log Γ(½) = log √π, log Γ(11) = log 10!', () => {
    expect(logGamma(0.5)).toBeCloseTo(Math.log(Math.sqrt(Math.PI)), 14);
    expect(logGamma(11)).toBeCloseTo(Math.log(3628800), 13);
  });

  it('has no critical value for p = 0', () => {
    expect(() => studentCritical(0, 5)).toThrow('p is 0; expected a number above 0 and up to 1');
  });
});

describe('paired comparison', () => {
  it.each(golden.paired)('of $a.length pairs has SciPy’s interval and p', ({ a, b, difference, low, high, p }) => {
    const found = comparePairs(a.map((v, i) => ({ seed: i, a: v, b: b[i]! })));
    expect(found.n).toBe(a.length);
    for (const [v, w] of [
      [found.difference, difference],
      [found.low!, low],
      [found.high!, high],
      [found.p!, p],
    ] as const)
      expect(Math.abs(v - w)).toBeLessThan(1e-10 * Math.max(1, Math.abs(w)));
    expect(found.above + found.below).toBe(a.filter((v, i) => v !== b[i]).length);
  });

  it('of one pair has a difference and nothing else', () => {
    expect(comparePairs([{ seed: 1, a: 3, b: 1 }])).toMatchObject({ difference: 2, low: null, high: null, p: null });
  });

  it('of equal differences is certain: p 0, or 1 when there is none', () => {
    const pairs = (d: number) => [1, 2, 3].map((seed) => ({ seed, a: seed + d, b: seed }));
    expect(comparePairs(pairs(2))).toMatchObject({ low: 2, high: 2, p: 0 });
    expect(comparePairs(pairs(0))).toMatchObject({ low: 0, high: 0, p: 1 });
  });

  it('refuses what it cannot compare', () => {
    expect(() => comparePairs([])).toThrow('pairs is empty');
    expect(() => comparePairs([{ seed: 7, a: Number.NaN, b: 1 }])).toThrow('seed 7: values NaN and 1');
  });
});

describe('adjustment and sampling intervals', () => {
  it('Holm’s p-values are the levels at which the step-down procedure rejects', () => {
    holm(golden.holm.p).forEach((v, i) => expect(v).toBeCloseTo(golden.holm.adjusted[i]!, 5));
    expect(holm([])).toEqual([]);
  });

  it.each(golden.wilson)('Wilson: $k of $n', ({ k, n, interval }) => {
    const { low, high } = wilson(k / n, n);
    expect(low).toBeCloseTo(interval[0]!, 12);
    expect(high).toBeCloseTo(interval[1]!, 12);
  });

  it.each(golden.differences)('Newcombe: $x − $y of $n', ({ x, y, n, interval }) => {
    const { low, high } = shareDifference(x / n, y / n, n);
    expect(low).toBeCloseTo(interval[0]!, 12);
    expect(high).toBeCloseTo(interval[1]!, 12);
  });
});

describe('worse than ERM', () => {
  const pairs = (differences: readonly number[]) => differences.map((d, seed) => ({ seed, a: 0.3 + d, b: 0.3 }));
  it('is a sign where the paired interval lies on the bad side of 0', () => {
    expect(worseThanErm('error on test', pairs([0.05, 0.06, 0.07]), 1)).toMatchObject({
      name: 'worse-than-erm',
      epoch: null,
    });
    expect(worseThanErm('error on test', pairs([-0.05, -0.06, -0.07]), 1)).toBeNull();
    expect(worseThanErm('accuracy', pairs([-0.05, -0.06, -0.07]), -1)).not.toBeNull();
  });
  it('is none where the interval holds 0, or there are not two finite pairs', () => {
    expect(worseThanErm('error', pairs([0.05, -0.06, 0.07]), 1)).toBeNull();
    expect(worseThanErm('error', pairs([0.05]), 1)).toBeNull();
    expect(worseThanErm('error', pairs([0.05, Number.NaN]), 1)).toBeNull();
  });
});
