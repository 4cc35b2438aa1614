import { biasAdd, cast, matmul } from '@minvar/graph';
import type { Value } from '@minvar/graph';
import { uniformByFanIn } from '../initialise';
import type { Scope } from '../scope';

/**
 * x Wᵀ + b of x: n × in. `<name>.weight` is out × in as in PyTorch's `nn.Linear`, initialised as there. The last layer's weight forms a
 * group of its own. Hidden layers multiply in the scope's type; the last one, every bias and the result keep the variables' type.
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
  const compute = last ? scope.dtype : scope.compute;
  const product = cast(matmul(cast(x, compute), cast(weight, compute), { transposeB: true }), scope.dtype);
  return bias ? biasAdd(product, scope.parameter(`${name}.bias`, [outputs], 'bias', initialise)) : product;
}
