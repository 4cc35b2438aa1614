import { judge } from '@minvar/metrics';
import type { EndpointResult, Judgement } from '@minvar/metrics';

/** What the variants of a pass under re-estimated normalisation statistics end in. */
export const reEstimatedSuffix = '@re-estimated';

/** The name of a variant when it is measured under re-estimated statistics: `class-mean/mean/n@re-estimated`, the main one `@re-estimated`. */
export const reEstimated = (variant: string | null): string => `${variant ?? ''}${reEstimatedSuffix}`;

export type RunsResult = Extract<EndpointResult, { kind: 'runs' }>;

/** An endpoint's result, and the same under re-estimated statistics where the runs have that. */
export interface TwoFold {
  readonly asTrained: EndpointResult;
  readonly reEstimated: RunsResult | null;
}

const inWords = (verdict: string, towards: number): string =>
  verdict === 'DIRECTION_ONLY' ? `${verdict} ${towards > 0 ? 'for the claim' : 'against it'}` : verdict;

/**
 * Judges the results, and once more with every endpoint that was also measured under re-estimated normalisation statistics in its place. Where a
 * claim’s verdict or direction differs, `because` says so. The re-estimated comparisons stand beside the others, none of them primary.
 */
export function judgeBoth(input: {
  readonly claims: readonly string[];
  readonly results: readonly TwoFold[];
  readonly leftOut: string | null;
}): Pick<Judgement, 'comparisons' | 'verdicts'> {
  const { claims, results, leftOut } = input;
  const twins = results.flatMap(({ reEstimated: r }) =>
    r ? [{ ...r, endpoint: { ...r.endpoint, primary: false } }] : [],
  );
  const first = judge({ claims, results: [...results.map((r) => r.asTrained), ...twins], leftOut });
  const second = judge({ claims, results: results.map((r) => r.reEstimated ?? r.asTrained) });
  const verdicts = first.verdicts.map((v, i) => {
    const again = second.verdicts[i]!;
    const concerned = results.some(
      ({ asTrained: { endpoint }, reEstimated: r }) => r && endpoint.primary && endpoint.claim === v.claim,
    );
    if (!concerned) return v;
    const [own, other] = [
      inWords(v.verdict, first.towards[v.claim]!),
      inWords(again.verdict, second.towards[v.claim]!),
    ];
    const said =
      own === other
        ? 'the same with normalisation statistics re-estimated on unmixed data'
        : `FLIPS with normalisation statistics re-estimated on unmixed data: ${other} instead of ${own}`;
    return { ...v, because: `${v.because}; ${said}` };
  });
  return { comparisons: first.comparisons, verdicts };
}
