import { batchNorm } from '@minvar/graph';
import type { Value } from '@minvar/graph';
import { filledWith } from '../initialise';
import type { Scope } from '../scope';

export type Normalisation = 'batch' | 'none';

/**
 * Batch normalisation over all axes but the last, as PyTorch's `nn.BatchNorm2d` with its defaults: by the batch in training, by the running
 * statistics in evaluation. With `none`, x itself.
 */
export function norm(scope: Scope, name: string, x: Value, normalisation: Normalisation): Value {
  if (normalisation === 'none') return x;
  const channels = [x.shape.at(-1)!];
  const { y, updates } = batchNorm(x, {
    scale: scope.parameter(`${name}.weight`, channels, 'normalisation', filledWith(1)),
    offset: scope.parameter(`${name}.bias`, channels, 'bias', filledWith(0)),
    runningMean: scope.buffer(`${name}.running_mean`, channels, 0),
    runningVariance: scope.buffer(`${name}.running_var`, channels, 1),
    training: scope.training,
    momentum: scope.momentum,
  });
  updates.forEach(scope.update);
  return y;
}
