import { cast, maxPool, reduceMean } from '@minvar/graph';
import type { Value } from '@minvar/graph';
import type { Scope } from '../scope';

/** Mean over the positions of x: n × H × W × C, as n × C. In the variables' type whatever that of x. */
export const globalMean = (scope: Scope, x: Value): Value => reduceMean(cast(x, scope.dtype), [1, 2]);

/**
 * Maximum over 3×3 windows at stride 2, padded by 1 with −∞: PyTorch's `nn.MaxPool2d(3, stride=2, padding=1)`. In the variables' type, where
 * overlapping windows add up their derivatives; handed back in that of x.
 */
export const stemPool = (scope: Scope, x: Value): Value =>
  cast(maxPool(cast(x, scope.dtype), { size: 3, strides: 2, padding: 1 }), x.dtype);
