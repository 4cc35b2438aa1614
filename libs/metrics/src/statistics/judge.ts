import type { ClaimVerdict, Comparison, Verdict } from '@minvar/contracts';
import { describeClaim, describeEndpoint } from './because';
import { comparePairs, holm } from './paired';
import type { Pair, PairedComparison } from './paired';
import { shareDifference } from './shares';

/** A declared comparison of two arms, fixed before results are seen. */
export interface JudgedEndpoint {
  readonly claim: string;
  readonly primary: boolean;
  readonly metric: string;
  readonly variant: string | null;
  readonly split: string;
  readonly condition: string;
  readonly a: string;
  readonly b: string;
  /** sign of (a − b) that speaks for the claim */
  readonly direction: 1 | -1;
  /** a difference up to this is none, in the metric's unit */
  readonly smallestEffect: number;
}

/** An endpoint with its runs' values, or with two exact numbers. */
export type EndpointResult =
  | {
      readonly kind: 'runs';
      readonly endpoint: JudgedEndpoint & { readonly selection: string };
      /** one a seed; pairs with a value that is not finite are left out and counted */
      readonly pairs: readonly Pair[];
      /** examples that the metric is a share of, where it is one: for the test set's own sampling error */
      readonly testExamples?: number | null;
    }
  | { readonly kind: 'exact'; readonly endpoint: JudgedEndpoint; readonly a: number; readonly b: number };

/** Fewest seeds for SUPPORTED or CONTRADICTED, and the level of interval and tests. */
export const fewestSeeds = 6;
export const level = 0.05;

/** What is known of one endpoint before and after it is judged. */
export interface Judged {
  readonly result: EndpointResult;
  readonly comparison: Comparison | null;
  readonly paired: PairedComparison | null;
  readonly nonFinite: number;
  readonly verdict: Verdict;
  /** 1: for the claim, −1: against it, 0: neither */
  readonly towards: number;
}

export interface Judgement {
  readonly comparisons: readonly Comparison[];
  readonly verdicts: readonly ClaimVerdict[];
  /** where a claim's primary endpoints point, verdict or not: 1 all for it, −1 all against it, 0 neither */
  readonly towards: Readonly<Record<string, number>>;
}

const shared = ({ endpoint: e }: EndpointResult) => ({
  claim: e.claim,
  primary: e.primary,
  smallestEffect: e.smallestEffect,
  metric: e.metric,
  variant: e.variant,
  split: e.split,
  condition: e.condition,
  a: e.a,
  b: e.b,
});

function exactComparison(r: Extract<EndpointResult, { kind: 'exact' }>): Comparison | null {
  if (!Number.isFinite(r.a) || !Number.isFinite(r.b)) return null;
  const none = { low: null, high: null, p: null, pAdjusted: null, testSetLow: null, testSetHigh: null };
  return {
    ...shared(r),
    ...none,
    selection: 'exact',
    seeds: 0,
    meanA: r.a,
    meanB: r.b,
    difference: r.a - r.b,
    test: 'exact',
  };
}

function pairedComparison(r: Extract<EndpointResult, { kind: 'runs' }>, c: PairedComparison): Comparison {
  const onTestSet = r.testExamples ? shareDifference(c.meanA, c.meanB, r.testExamples) : null;
  return {
    ...shared(r),
    selection: r.endpoint.selection,
    testSetLow: onTestSet?.low ?? null,
    testSetHigh: onTestSet?.high ?? null,
    seeds: c.n,
    meanA: c.meanA,
    meanB: c.meanB,
    difference: c.difference,
    low: c.low,
    high: c.high,
    test: c.n > 1 ? 'paired t' : 'none',
    p: c.p,
    pAdjusted: null,
  };
}

function compare(result: EndpointResult): Judged {
  const open = { result, verdict: 'NOT_RUN' as Verdict, towards: 0, nonFinite: 0, paired: null };
  if (result.kind === 'exact') return { ...open, comparison: exactComparison(result) };
  const finite = result.pairs.filter((p) => Number.isFinite(p.a) && Number.isFinite(p.b));
  const nonFinite = result.pairs.length - finite.length;
  if (finite.length === 0) return { ...open, nonFinite, comparison: null };
  const paired = comparePairs(finite, 1 - level);
  return { ...open, nonFinite, paired, comparison: pairedComparison(result, paired) };
}

/** Holm over the primary endpoints that have a p-value; the others are reported without adjustment. */
function adjusted(judged: readonly Judged[]): Judged[] {
  const family = judged.filter((j) => j.result.endpoint.primary && j.comparison?.p != null);
  const p = holm(family.map((j) => j.comparison!.p!));
  return judged.map((j) => {
    const at = family.indexOf(j);
    return at < 0 ? j : { ...j, comparison: { ...j.comparison!, pAdjusted: p[at]! } };
  });
}

function judged(j: Judged): Judged {
  const { comparison: c, result } = j;
  if (!c) return j;
  const { direction, smallestEffect } = result.endpoint;
  const side = (low: number, high: number): number =>
    low > smallestEffect ? direction : high < -smallestEffect ? -direction : 0;
  const decided = (towards: number, beyond: Verdict | null): Judged => ({
    ...j,
    towards: towards + 0,
    verdict: towards === 0 ? 'NOT_DISTINGUISHABLE' : (beyond ?? (towards > 0 ? 'SUPPORTED' : 'CONTRADICTED')),
  });
  if (c.test === 'exact') return decided(side(c.difference!, c.difference!), null);
  if (c.seeds < fewestSeeds) return decided(side(c.difference!, c.difference!), 'DIRECTION_ONLY');
  const significant = (c.pAdjusted ?? c.p!) < level;
  return decided(significant ? side(c.low!, c.high!) : 0, null);
}

function ofClaim(primary: readonly Judged[]): Verdict {
  const all = (of: (j: Judged) => boolean): boolean => primary.every(of);
  if (all((j) => j.verdict === 'NOT_RUN')) return 'NOT_RUN';
  if (primary.some((j) => j.verdict === 'CONTRADICTED')) return 'CONTRADICTED';
  if (all((j) => j.verdict === 'SUPPORTED')) return 'SUPPORTED';
  return all((j) => j.towards > 0) || all((j) => j.towards < 0) ? 'DIRECTION_ONLY' : 'NOT_DISTINGUISHABLE';
}

function directionOf(primary: readonly Judged[]): number {
  if (primary.length === 0) return 0;
  return primary.every((j) => j.towards > 0) ? 1 : primary.every((j) => j.towards < 0) ? -1 : 0;
}

/**
 * The verdict rules. An endpoint with at least 6 seeds is SUPPORTED or CONTRADICTED when its 95 % paired interval lies beyond the smallest
 * effect and Holm's p over all primary endpoints is under .05; with fewer it is at most DIRECTION_ONLY; an exact one is judged by the smallest
 * effect. A claim is SUPPORTED if all its primary endpoints are, CONTRADICTED if any is, DIRECTION_ONLY if all point one way without that,
 * else NOT_DISTINGUISHABLE; NOT_RUN without results. Endpoints without any finite pair have no comparison. `leftOut` says which runs are missing.
 */
export function judge(input: {
  readonly claims: readonly string[];
  readonly results: readonly EndpointResult[];
  readonly leftOut?: string | null;
}): Judgement {
  const all = adjusted(input.results.map(compare)).map(judged);
  const primaryOf = (claim: string): Judged[] =>
    all.filter((j) => j.result.endpoint.claim === claim && j.result.endpoint.primary);
  return {
    comparisons: all.flatMap((j) => (j.comparison ? [j.comparison] : [])),
    towards: Object.fromEntries(input.claims.map((claim) => [claim, directionOf(primaryOf(claim))])),
    verdicts: input.claims.map((claim) => {
      const primary = primaryOf(claim);
      const verdict = ofClaim(primary);
      return { claim, verdict, because: describeClaim(primary, primary.map(describeEndpoint), input.leftOut ?? null) };
    }),
  };
}
