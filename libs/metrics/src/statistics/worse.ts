import type { FailureSign } from '@minvar/contracts';
import { comparePairs } from './paired';
import type { Pair } from './paired';

const short = (x: number): string => String(Number(x.toPrecision(3)));

/**
 * The failure sign *worse than ERM*: the paired 95 % interval of a − b lies wholly on the bad side of 0, a being the method and b ERM at equal
 * seeds. Null where it does not, or for fewer than two finite pairs.
 *
 * @param bad 1 where larger values are worse (error), −1 where smaller ones are (accuracy)
 */
export function worseThanErm(metric: string, pairs: readonly Pair[], bad: 1 | -1): FailureSign | null {
  const finite = pairs.filter((p) => Number.isFinite(p.a) && Number.isFinite(p.b));
  if (finite.length < 2) return null;
  const { low, high, difference, n } = comparePairs(finite);
  if (!(bad > 0 ? low! > 0 : high! < 0)) return null;
  return {
    name: 'worse-than-erm',
    epoch: null,
    because: `${metric} differs from ERM’s by ${short(difference)} [${short(low!)}, ${short(high!)}] over ${n} seeds`,
  };
}
