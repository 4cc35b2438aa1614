import { batchNorm, groupNorm } from '@minvar/graph';
import type { Value } from '@minvar/graph';
import { filledWith } from '../initialise';
import type { Scope } from '../scope';

/** Kinds of normalisation, for a model's settings. */
export const normalisations = ['batch', 'group', 'layer', 'none'] as const;
export type Normalisation = (typeof normalisations)[number];

/**
 * Normalisation of x: n × … × C with a gain and a shift a channel, ε 1e-5, as PyTorch's layers with their defaults:
 *
 * - `batch`: `nn.BatchNorm2d`, by the batch in training, by the running statistics in evaluation;
 * - `group`: `nn.GroupNorm` with `groupsOf(C)` groups;
 * - `layer`: `nn.GroupNorm` with one group;
 * - `none`: x itself.
 */
export function norm(scope: Scope, name: string, x: Value, normalisation: Normalisation): Value {
  if (normalisation === 'none') return x;
  const channels = x.shape.at(-1)!;
  const scale = scope.parameter(`${name}.weight`, [channels], 'normalisation', filledWith(1));
  const offset = scope.parameter(`${name}.bias`, [channels], 'bias', filledWith(0));
  if (normalisation !== 'batch') {
    return groupNorm(x, { scale, offset, groups: normalisation === 'layer' ? 1 : groupsOf(channels) });
  }
  const { y, updates } = batchNorm(x, {
    scale,
    offset,
    runningMean: scope.buffer(`${name}.running_mean`, [channels], 0),
    runningVariance: scope.buffer(`${name}.running_var`, [channels], 1),
    training: scope.training,
    momentum: scope.momentum,
  });
  updates.forEach(scope.update);
  return y;
}

/**
 * Groups of group normalisation: the largest divisor of the channels that is at most 32 (Wu & He's default, reached at 64 channels) and leaves at
 * least two channels a group. One channel is one group.
 */
export function groupsOf(channels: number): number {
  for (let groups = Math.min(32, Math.floor(channels / 2)); groups > 1; groups--) {
    if (channels % groups === 0) return groups;
  }
  return 1;
}
