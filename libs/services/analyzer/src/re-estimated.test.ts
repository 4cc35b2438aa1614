import { describe, expect, it } from 'vitest';
import { judgeBoth, reEstimated } from './re-estimated';
import type { RunsResult } from './re-estimated';

const result = (claim: string, variant: string | null, differences: readonly number[], primary = true): RunsResult => ({
  kind: 'runs',
  endpoint: {
    claim,
    primary,
    metric: 'activation-variance',
    variant,
    split: 'test',
    selection: 'last',
    condition: 'all',
    a: 'mixup',
    b: 'erm',
    direction: -1,
    smallestEffect: 0.1,
  },
  pairs: differences.map((d, i) => ({ seed: 100 + i, a: 1 + d, b: 1 })),
});
const twice = (claim: string, trained: readonly number[], again: readonly number[]) => ({
  asTrained: result(claim, null, trained),
  reEstimated: result(claim, reEstimated(null), again),
});
const [down, up] = [
  [-0.5, -0.51, -0.49, -0.5, -0.52, -0.48],
  [0.5, 0.51, 0.49, 0.5, 0.52, 0.48],
];

describe('a judgement under both kinds of normalisation statistics', () => {
  it('says that a verdict flips', () => {
    const { verdicts, comparisons } = judgeBoth({ claims: ['c'], results: [twice('c', down, up)], leftOut: null });
    expect(verdicts[0]!.verdict).toBe('SUPPORTED');
    expect(verdicts[0]!.because).toMatch(
      /; FLIPS with normalisation statistics re-estimated on unmixed data: CONTRADICTED instead of SUPPORTED$/,
    );
    expect(comparisons.map((c) => [c.variant, c.primary])).toEqual([
      [null, true],
      ['@re-estimated', false],
    ]);
    // Holm counts the primary endpoint alone.
    expect(comparisons[0]!.pAdjusted).toBe(comparisons[0]!.p);
    expect(comparisons[1]!.pAdjusted).toBeNull();
  });

  it('sees a direction turn where there are too few seeds for more', () => {
    const { verdicts } = judgeBoth({
      claims: ['c'],
      results: [twice('c', down.slice(0, 2), up.slice(0, 2))],
      leftOut: null,
    });
    expect(verdicts[0]!.verdict).toBe('DIRECTION_ONLY');
    expect(verdicts[0]!.because).toMatch(
      /FLIPS .*: DIRECTION_ONLY against it instead of DIRECTION_ONLY for the claim$/,
    );
  });

  it('says that it stays, and nothing of claims whose runs have one kind only', () => {
    const { verdicts } = judgeBoth({
      claims: ['c', 'd'],
      results: [twice('c', down, down), { asTrained: result('d', null, down), reEstimated: null }],
      leftOut: '1 of 12 runs left out: 1 cancelled',
    });
    expect(verdicts[0]!.because).toMatch(/; the same with normalisation statistics re-estimated on unmixed data$/);
    expect(verdicts[1]!.because).toMatch(/1 cancelled$/);
  });
});
