import type { Judged } from './judge';

const short = (x: number): string => String(Number(x.toPrecision(3)));
const signed = (x: number): string => (x > 0 ? `+${short(x)}` : short(x));
const plural = (n: number, one: string): string => `${n} ${one}${n === 1 ? '' : 's'}`;

/** One endpoint in words: what was compared, the numbers, and what they come to. */
export function describeEndpoint({ result, comparison: c, paired, nonFinite, verdict }: Judged): string {
  const e = result.endpoint;
  const what = `${e.metric}${e.variant === null ? '' : ` (${e.variant})`} on ${e.split}, ${e.condition}: ${e.a} − ${e.b}`;
  const dropped = nonFinite > 0 ? `; ${plural(nonFinite, 'pair')} with a value that is not finite left out` : '';
  if (!c) return `${what} has no results${dropped} → NOT_RUN`;
  const effect = `smallest effect ${short(e.smallestEffect)} ${e.direction > 0 ? 'upwards' : 'downwards'}`;
  if (!paired) return `${what} = ${signed(c.difference!)}, exact, ${effect} → ${verdict}`;
  const interval = c.low === null ? '' : ` [${short(c.low)}, ${short(c.high!)}]`;
  const agreeing = e.direction > 0 ? paired.above : paired.below;
  const p = c.pAdjusted === null ? '' : `, Holm p ${c.pAdjusted < 1e-4 ? '< 0.0001' : short(c.pAdjusted)}`;
  return `${what} = ${signed(c.difference!)}${interval}, ${agreeing} of ${plural(c.seeds, 'seed')} as claimed, ${effect}${p}${dropped} → ${verdict}`;
}

/** A claim in words: how many of its primary endpoints stand where, then each of them. */
export function describeClaim(
  primary: readonly Judged[],
  endpoints: readonly string[],
  leftOut: string | null,
): string {
  if (primary.length === 0) return 'no primary endpoint is declared for this preset';
  const count = (towards: number): number => primary.filter((j) => j.towards === towards).length;
  const head = `${count(1)} of ${plural(primary.length, 'primary endpoint')} for the claim, ${count(-1)} against it`;
  return [head, ...endpoints, ...(leftOut ? [leftOut] : [])].join('; ');
}
