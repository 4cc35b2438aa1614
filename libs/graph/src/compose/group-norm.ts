import type { Value } from '../node';
import { printValue } from '../node';
import { add } from '../ops/add';
import { cast } from '../ops/cast';
import { constant } from '../ops/const';
import { mul } from '../ops/mul';
import { reduceMean } from '../ops/mean';
import { reshape } from '../ops/reshape';
import { rsqrt } from '../ops/rsqrt';
import { square } from '../ops/square';
import { sub } from '../ops/sub';

export interface GroupNormOptions {
  /** γ and β, of one number a channel. */
  readonly scale: Value;
  readonly offset: Value;
  /** A divisor of the number of channels; 1 is layer normalisation. */
  readonly groups: number;
  /** PyTorch's default 1e-5. */
  readonly epsilon?: number;
}

/**
 * Group normalisation as PyTorch's GroupNorm (Wu & He, ECCV 2018, arXiv 1803.08494): each example by itself, each run of C / groups neighbouring
 * channels over all positions by its mean and biased variance, then γ and β a channel. x is n × … × C with known positions; only n may be unknown.
 * bfloat16 is normalised in float32 and handed back as bfloat16.
 *
 * @throws Error when the channels do not divide into the groups or a position is unknown.
 */
export function groupNorm(x: Value, { scale, offset, groups, epsilon = 1e-5 }: GroupNormOptions): Value {
  const channels = x.shape.at(-1) ?? null;
  const middle = x.shape.slice(1, -1);
  if (x.shape.length < 2 || channels === null || middle.includes(null)) {
    throw new Error(`groupNorm: ${printValue(x)} should be n × … × C with only n unknown`);
  }
  if (!Number.isInteger(groups) || groups < 1 || channels % groups !== 0) {
    throw new Error(`groupNorm: ${channels} channels cannot be divided into ${groups} groups; take a divisor`);
  }
  const wide = x.dtype === 'bfloat16' ? cast(x, 'float32') : x;
  const size = channels / groups;
  // Means over positions first, then over the few channels of a group: kernels are fast along the last axis when all of it stays.
  const meanOverGroup = (v: Value): Value =>
    reduceMean(reshape(reduceMean(v, [1]), [null, groups, size]), [2], { keepDims: true });
  const toChannels = (v: Value): Value => reshape(mul(v, ones), [null, 1, channels]);
  const ones = constant(new Float32Array(size).fill(1), { dtype: wide.dtype });
  const rows = reshape(wide, [null, middle.reduce<number>((n, d) => n * d!, 1), channels]);
  const centred = sub(rows, toChannels(meanOverGroup(rows)));
  const deviation = rsqrt(add(meanOverGroup(square(centred)), epsilon));
  const y = add(mul(centred, mul(toChannels(deviation), scale)), offset);
  return cast(reshape(y, [null, ...middle, channels]), x.dtype);
}
