import { digamma } from './numerics/digamma';
import { entropy } from './numerics/logistic';

/** Who receives the weight α that the label gives away: all K classes (α/K each), or the K − 1 others. */
export type SmoothingConvention = 'all' | 'others';

/** The smoothed target of class `label`, K probabilities. */
export function smoothedTarget(
  alpha: number,
  classes: number,
  label: number,
  convention: SmoothingConvention = 'all',
): number[] {
  const other = convention === 'all' ? alpha / classes : alpha / (classes - 1);
  const own = convention === 'all' ? 1 - alpha + alpha / classes : 1 - alpha;
  return Array.from({ length: classes }, (_, k) => (k === label ? own : other));
}

/** H(q) in nats: the lowest value that the label-smoothing loss can take. */
export const labelSmoothingFloor = (alpha: number, classes: number, convention: SmoothingConvention = 'all'): number =>
  entropy(smoothedTarget(alpha, classes, 0, convention));

/** log q_y − log q_other: the gap between the label's logit and the others' at which the loss meets its floor. */
export function labelSmoothingLogitGap(
  alpha: number,
  classes: number,
  convention: SmoothingConvention = 'all',
): number {
  const [own, other] = smoothedTarget(alpha, classes, 0, convention);
  return Math.log(own!) - Math.log(other!);
}

/** E over λ ~ Beta(a, a) of the entropy of (λ, 1 − λ), in nats: ψ(2a + 1) − ψ(a + 1). */
export const betaEntropy = (a: number): number => (a === 0 ? 0 : digamma(2 * a + 1) - digamma(a + 1));

/** Mean entropy of Mixup's targets when i and j are drawn independently; `shares` are the classes' shares, summing to one. */
export const mixupFloor = (a: number, shares: readonly number[]): number =>
  betaEntropy(a) * (1 - shares.reduce((s, p) => s + p * p, 0));
