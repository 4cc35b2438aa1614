import { biasAdd, matmul } from '@minvar/graph';
import type { Value } from '@minvar/graph';
import { uniformByFanIn } from '../initialise';
import type { Scope } from '../scope';

/**
 * x Wᵀ + b of x: n × in. `<name>.weight` is out × in as in PyTorch's `nn.Linear`, initialised as there. The last layer's weight forms a
 * group of its own.
 */
export function linear(
  scope: Scope,
  name: string,
  x: Value,
  outputs: number,
  { bias = true, last = false } = {},
): Value {
  const inputs = x.shape[1]!;
  const initialise = uniformByFanIn(inputs);
  const weight = scope.parameter(`${name}.weight`, [outputs, inputs], last ? 'last-layer' : 'weight', initialise);
  const product = matmul(x, weight, { transposeB: true });
  return bias ? biasAdd(product, scope.parameter(`${name}.bias`, [outputs], 'bias', initialise)) : product;
}
