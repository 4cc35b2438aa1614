import { comparison } from '@minvar/contracts';
import type { Comparison, Verdict } from '@minvar/contracts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { judge } from './judge';
import type { EndpointResult, JudgedEndpoint } from './judge';
import type { Pair } from './paired';

const endpoint = (over: Partial<JudgedEndpoint> = {}) => ({
  claim: '4',
  primary: true,
  metric: 'error',
  variant: null,
  split: 'test-random',
  condition: 'jitter 0',
  a: 'mixup',
  b: 'erm',
  direction: 1 as const,
  smallestEffect: 0.01,
  selection: 'last',
  ...over,
});
const pairsOf = (differences: readonly number[]): Pair[] =>
  differences.map((d, i) => ({ seed: 100 + i, a: 0.4 + d, b: 0.4 }));
const runs = (differences: readonly number[], over: Partial<JudgedEndpoint> = {}): EndpointResult => ({
  kind: 'runs',
  endpoint: endpoint(over),
  pairs: pairsOf(differences),
});
const exact = (a: number, b: number, over: Partial<JudgedEndpoint> = {}): EndpointResult => ({
  kind: 'exact',
  endpoint: endpoint(over),
  a,
  b,
});
const verdictOf = (...results: readonly EndpointResult[]): Verdict =>
  judge({ claims: ['4'], results }).verdicts[0]!.verdict;

const clear = [0.1, 0.11, 0.09, 0.1, 0.12, 0.08];
const minus = (x: readonly number[]): number[] => x.map((v) => -v);

describe('one endpoint', () => {
  it('with six clear seeds is SUPPORTED, or CONTRADICTED the other way', () => {
    expect(verdictOf(runs(clear))).toBe('SUPPORTED');
    expect(verdictOf(runs(minus(clear)))).toBe('CONTRADICTED');
    expect(verdictOf(runs(minus(clear), { direction: -1 }))).toBe('SUPPORTED');
  });

  it('with five seeds, however clear, is at most DIRECTION_ONLY, with an interval', () => {
    const { verdicts, comparisons } = judge({ claims: ['4'], results: [runs(clear.slice(0, 5))] });
    expect(verdicts[0]!.verdict).toBe('DIRECTION_ONLY');
    expect(verdicts[0]!.because).toContain('5 of 5 seeds as claimed');
    expect(comparisons[0]!.low).not.toBeNull();
    expect(verdictOf(runs(minus(clear.slice(0, 5))))).toBe('DIRECTION_ONLY');
  });

  it('with one seed has no interval and no p', () => {
    const { verdicts, comparisons } = judge({ claims: ['4'], results: [runs([0.1])] });
    expect(verdicts[0]!.verdict).toBe('DIRECTION_ONLY');
    expect(comparisons[0]).toMatchObject({ seeds: 1, low: null, high: null, p: null, pAdjusted: null, test: 'none' });
  });

  it('whose interval reaches below the smallest effect is NOT_DISTINGUISHABLE, however small p is', () => {
    const close = [0.011, 0.012, 0.009, 0.011, 0.012, 0.01];
    const { verdicts, comparisons } = judge({ claims: ['4'], results: [runs(close)] });
    expect(comparisons[0]!.p).toBeLessThan(1e-4);
    expect(verdicts[0]!.verdict).toBe('NOT_DISTINGUISHABLE');
    expect(verdictOf(runs(close.slice(0, 5), { smallestEffect: 0.02 }))).toBe('NOT_DISTINGUISHABLE');
  });

  it('without a finite pair is NOT_RUN and has no comparison; pairs that are not finite are counted', () => {
    const none = judge({ claims: ['4'], results: [runs([]), runs([Number.NaN])] });
    expect(none.verdicts[0]!.verdict).toBe('NOT_RUN');
    expect(none.comparisons).toEqual([]);
    const some = judge({ claims: ['4'], results: [runs([...clear, Number.NaN])] });
    expect(some.comparisons[0]!.seeds).toBe(6);
    expect(some.verdicts[0]!.because).toContain('1 pair with a value that is not finite left out');
  });

  it('of theory is judged by its smallest effect, with seeds 0 and the test `exact`', () => {
    expect(verdictOf(exact(0.8, 0.5))).toBe('SUPPORTED');
    expect(verdictOf(exact(0.2, 0.5))).toBe('CONTRADICTED');
    expect(verdictOf(exact(0.505, 0.5))).toBe('NOT_DISTINGUISHABLE');
    expect(verdictOf(exact(Number.NaN, 0.5))).toBe('NOT_RUN');
    const [c] = judge({ claims: ['4'], results: [exact(0.8, 0.5)] }).comparisons;
    expect(c).toMatchObject({
      seeds: 0,
      test: 'exact',
      meanA: 0.8,
      meanB: 0.5,
      low: null,
      p: null,
      selection: 'exact',
    });
    expect(c!.difference).toBeCloseTo(0.3, 15);
  });

  it('shows the test set’s own sampling error beside that of the seeds', () => {
    const result = { ...runs(clear), testExamples: 1000 } as EndpointResult;
    const [c] = judge({ claims: ['4'], results: [result] }).comparisons;
    expect(c!.testSetLow).toBeLessThan(c!.difference!);
    expect(c!.testSetHigh).toBeGreaterThan(c!.difference!);
    expect(judge({ claims: ['4'], results: [runs(clear)] }).comparisons[0]!.testSetLow).toBeNull();
  });
});

describe('a claim', () => {
  it('is SUPPORTED if all its primary endpoints are, CONTRADICTED if any is', () => {
    expect(verdictOf(runs(clear), exact(0.8, 0.5))).toBe('SUPPORTED');
    expect(verdictOf(runs(clear), runs(clear, { split: 'test' }), runs(minus(clear)))).toBe('CONTRADICTED');
    expect(verdictOf(runs(clear), runs([0, 0.1, -0.1, 0.05, -0.05, 0.01]))).toBe('NOT_DISTINGUISHABLE');
  });

  it('is not decided by endpoints that are not primary, nor by another claim’s', () => {
    expect(verdictOf(runs(clear), runs(minus(clear), { primary: false }), runs(minus(clear), { claim: '3' }))).toBe(
      'SUPPORTED',
    );
    expect(verdictOf(runs(clear, { primary: false }))).toBe('NOT_RUN');
  });

  it('cannot be SUPPORTED while an endpoint has no results', () => {
    expect(verdictOf(runs(clear), runs([]))).toBe('NOT_DISTINGUISHABLE');
  });

  it('with few seeds has a direction only where its endpoints agree', () => {
    expect(verdictOf(runs([0.1, 0.2]), exact(0.8, 0.5))).toBe('DIRECTION_ONLY');
    expect(verdictOf(runs([0.1, 0.2]), runs([-0.1, -0.2], { split: 'test' }))).toBe('NOT_DISTINGUISHABLE');
  });

  it('pays for each primary endpoint of the experiment: Holm can take a verdict away', () => {
    const weak = [0.04, 0.01, 0.06, 0.02, 0.07, 0.012];
    const alone = judge({ claims: ['4'], results: [runs(weak, { smallestEffect: 0.001 })] });
    expect(alone.verdicts[0]!.verdict).toBe('SUPPORTED');
    const p = alone.comparisons[0]!.p!;
    expect(alone.comparisons[0]!.pAdjusted).toBe(p);
    const noise = Array.from({ length: Math.ceil(0.05 / p) }, (_, i) =>
      runs([0.1, -0.1, 0.05, -0.05, 0.02, -0.02], { claim: '9', split: `s${i}` }),
    );
    const among = judge({ claims: ['4'], results: [runs(weak, { smallestEffect: 0.001 }), ...noise] });
    expect(among.comparisons[0]!.pAdjusted).toBeCloseTo(p * (noise.length + 1), 10);
    expect(among.verdicts[0]!.verdict).toBe('NOT_DISTINGUISHABLE');
  });

  it('says why: how many endpoints stand where, their numbers, and what was left out', () => {
    const { because } = judge({ claims: ['4'], results: [runs(clear)], leftOut: '1 of 13 runs left out: 1 cancelled' })
      .verdicts[0]!;
    expect(because).toBe(
      '1 of 1 primary endpoint for the claim, 0 against it; error on test-random, jitter 0: mixup − erm = +0.1 [0.0852, 0.115], 6 of 6 seeds as claimed, smallest effect 0.01 upwards, Holm p < 0.0001 → SUPPORTED; 1 of 13 runs left out: 1 cancelled',
    );
    expect(judge({ claims: ['5'], results: [] }).verdicts).toEqual([
      { claim: '5', verdict: 'NOT_RUN', because: 'no primary endpoint is declared for this preset' },
    ]);
  });
});

describe('whatever the numbers', () => {
  const differences = fc.array(fc.double({ min: -0.3, max: 0.3, noNaN: true }), { maxLength: 9 });
  const mirror: Record<Verdict, Verdict> = {
    SUPPORTED: 'CONTRADICTED',
    CONTRADICTED: 'SUPPORTED',
    NOT_DISTINGUISHABLE: 'NOT_DISTINGUISHABLE',
    DIRECTION_ONLY: 'DIRECTION_ONLY',
    NOT_RUN: 'NOT_RUN',
  };

  it('the opposite numbers give the opposite verdict, and so does the opposite claim', () => {
    fc.assert(
      fc.property(differences, fc.double({ min: -0.3, max: 0.3, noNaN: true }), (d, shift) => {
        const shifted = d.map((v) => v / 10 + shift);
        const swapped: EndpointResult = {
          kind: 'runs',
          endpoint: endpoint({ a: 'erm', b: 'mixup' }),
          pairs: pairsOf(shifted).map(({ seed, a, b }) => ({ seed, a: b, b: a })),
        };
        const verdict = verdictOf(runs(shifted));
        expect(verdictOf(swapped)).toBe(mirror[verdict]);
        expect(verdictOf(runs(shifted, { direction: -1 }))).toBe(mirror[verdict]);
        expect(verdictOf(exact(shift, 0))).toBe(mirror[verdictOf(exact(0, shift))]);
      }),
    );
  });

  function allowed(c: Comparison | undefined): Verdict[] {
    if (!c) return ['NOT_RUN'];
    if (c.seeds < 6) return [Math.abs(c.difference!) > 0.01 ? 'DIRECTION_ONLY' : 'NOT_DISTINGUISHABLE'];
    if (c.pAdjusted! < 0.05 && c.low! > 0.01) return ['SUPPORTED'];
    return c.pAdjusted! < 0.05 && c.high! < -0.01 ? ['CONTRADICTED'] : ['NOT_DISTINGUISHABLE'];
  }

  it('a verdict follows from the comparison it stands beside', () => {
    const seen = new Set<Verdict>();
    fc.assert(
      fc.property(differences, fc.double({ min: -0.3, max: 0.3, noNaN: true }), (d, shift) => {
        const { verdicts, comparisons } = judge({ claims: ['4'], results: [runs(d.map((v) => v / 10 + shift))] });
        comparisons.forEach((c) => comparison.parse(c));
        expect(allowed(comparisons[0])).toEqual([verdicts[0]!.verdict]);
        seen.add(verdicts[0]!.verdict);
      }),
      { numRuns: 300, seed: 1 },
    );
    expect(seen.size).toBe(5);
  });

  it('seeds are exchangeable', () => {
    fc.assert(
      fc.property(differences, (d) => {
        expect(verdictOf(runs(d.toReversed()))).toBe(verdictOf(runs(d)));
      }),
    );
  });
});
