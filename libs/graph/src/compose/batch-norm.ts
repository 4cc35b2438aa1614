import type { Operand, Value } from '../node';
import type { Update } from '../program';
import { add } from '../ops/add';
import { assign } from '../ops/assign';
import { cast } from '../ops/cast';
import { div } from '../ops/div';
import { fusedBatchNorm } from '../ops/fused-batch-norm';
import { maximum } from '../ops/maximum';
import { mul } from '../ops/mul';
import { reduceMean } from '../ops/mean';
import { reshape } from '../ops/reshape';
import { rsqrt } from '../ops/rsqrt';
import { sizeOf } from '../ops/size';
import { squaredDifference } from '../ops/squared-difference';
import { stopGradient } from '../ops/stop-gradient';
import { sub } from '../ops/sub';
import type { Variable } from '../ops/var-handle';

export interface BatchNormOptions {
  /** γ and β, of one number a channel. */
  readonly scale: Value;
  readonly offset: Value;
  readonly runningMean: Variable;
  readonly runningVariance: Variable;
  /** true: normalise by the batch and track it; false: normalise by what was tracked. */
  readonly training: boolean;
  /** PyTorch's default 1e-5. */
  readonly epsilon?: number;
  /** m of running ← (1 − m) · running + m · batch, PyTorch's default 0.1; a value (a scalar of the statistics' type) may change from run to run. */
  readonly momentum?: Operand;
}

/**
 * Batch normalisation over all axes but the last, as PyTorch's BatchNorm: normalised by the biased variance, which is tracked
 * unbiased. x is n × … × C; images of float32 or bfloat16 go through TensorFlow's fused kernel (statistics, γ and β are float32 in both), all
 * else is composed, bfloat16 in float32.
 *
 * @returns y, and in training the updates of both running statistics, to be listed in the signature.
 */
export function batchNorm(
  x: Value,
  { scale, offset, runningMean, runningVariance, training, epsilon = 1e-5, momentum = 0.1 }: BatchNormOptions,
): { readonly y: Value; readonly updates: readonly Update[] } {
  const running = { mean: runningMean.value, variance: runningVariance.value };
  const fused = x.dtype === 'float64' ? null : asImages(x);
  const statistics = training ? null : running;
  const result = fused
    ? fusedBatchNorm(fused, scale, offset, { epsilon, statistics })
    : composedBatchNorm(x.dtype === 'bfloat16' ? cast(x, 'float32') : x, scale, offset, { epsilon, statistics });
  const y = cast(fused && fused !== x ? reshape(result.y, x.shape) : result.y, x.dtype);
  if (!training) return { y, updates: [] };
  const kept = typeof momentum === 'number' ? 1 - momentum : sub(1, momentum);
  const track = (v: Variable, batch: Value) => assign(v, add(mul(v.value, kept), mul(stopGradient(batch), momentum)));
  return { y, updates: [track(runningMean, result.mean), track(runningVariance, result.unbiasedVariance)] };
}

/** The same tensor with four axes, as the fused kernel wants it; null when that cannot be written. */
function asImages(x: Value): Value | null {
  if (x.shape.length === 4) return x;
  const channels = x.shape.at(-1);
  return x.shape.length === 2 && channels !== null ? reshape(x, [null, 1, 1, channels!]) : null;
}

/** Batch normalisation out of elementary operations, for types that have no fused kernel. */
export function composedBatchNorm(
  x: Value,
  scale: Value,
  offset: Value,
  {
    epsilon,
    statistics,
  }: { readonly epsilon: number; readonly statistics: { readonly mean: Value; readonly variance: Value } | null },
): { readonly y: Value; readonly mean: Value; readonly unbiasedVariance: Value } {
  const axes = x.shape.slice(0, -1).map((_, i) => i);
  const mean = statistics?.mean ?? reduceMean(x, axes);
  const variance = statistics?.variance ?? reduceMean(squaredDifference(x, mean), axes);
  const y = add(mul(sub(x, mean), mul(rsqrt(add(variance, epsilon)), scale)), offset);
  const count = div(cast(sizeOf(x), x.dtype), cast(sizeOf(scale), x.dtype));
  // A batch of one number a channel has no unbiased variance: 0 is tracked, as by the fused kernel.
  const unbiasedVariance = mul(variance, div(count, maximum(sub(count, 1), 1)));
  return { y, mean, unbiasedVariance };
}
