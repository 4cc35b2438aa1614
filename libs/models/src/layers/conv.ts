import { biasAdd, cast, conv2d } from '@minvar/graph';
import type { Value } from '@minvar/graph';
import { filledWith, uniformByFanIn } from '../initialise';
import type { Initialiser } from '../initialise';
import type { Scope } from '../scope';

export interface ConvOptions {
  readonly channels: number;
  readonly kernel?: number;
  readonly stride?: number;
  readonly padding?: number;
  readonly bias?: boolean;
  /** of the filter; the bias then begins at 0. Default: both as PyTorch's `nn.Conv2d` */
  readonly initialise?: Initialiser;
}

/**
 * Convolution of x: n × H × W × in with explicit padding on both sides, as PyTorch pads (TensorFlow's SAME pads stride 2 on one side
 * only). Computed in the scope's type, in which the result comes; a bias is added in the variables' type, so that its derivative is summed there.
 */
export function conv(
  scope: Scope,
  name: string,
  x: Value,
  { channels, kernel = 3, stride = 1, padding = 1, bias = false, initialise }: ConvOptions,
): Value {
  const inputs = x.shape[3]!;
  const usual = uniformByFanIn(inputs * kernel * kernel);
  const filter = [kernel, kernel, inputs, channels];
  const weight = scope.parameter(`${name}.weight`, filter, 'weight', initialise ?? usual);
  const { compute } = scope;
  const y = conv2d(cast(x, compute), cast(weight, compute), { strides: stride, padding });
  if (!bias) return y;
  const offset = scope.parameter(`${name}.bias`, [channels], 'bias', initialise ? filledWith(0) : usual);
  return cast(biasAdd(cast(y, scope.dtype), offset), compute);
}
