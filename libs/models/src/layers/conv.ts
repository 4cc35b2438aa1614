import { biasAdd, conv2d } from '@minvar/graph';
import type { Value } from '@minvar/graph';
import { uniformByFanIn } from '../initialise';
import type { Scope } from '../scope';

/**
 * Convolution of x: n × H × W × in with explicit padding on both sides, as PyTorch pads (TensorFlow's SAME pads stride 2 on one side
 * only). Initialised as PyTorch's `nn.Conv2d`.
 */
export function conv(
  scope: Scope,
  name: string,
  x: Value,
  {
    channels,
    kernel = 3,
    stride = 1,
    padding = 1,
    bias = false,
  }: { channels: number; kernel?: number; stride?: number; padding?: number; bias?: boolean },
): Value {
  const inputs = x.shape[3]!;
  const initialise = uniformByFanIn(inputs * kernel * kernel);
  const weight = scope.parameter(`${name}.weight`, [kernel, kernel, inputs, channels], 'weight', initialise);
  const y = conv2d(x, weight, { strides: stride, padding });
  return bias ? biasAdd(y, scope.parameter(`${name}.bias`, [channels], 'bias', initialise)) : y;
}
