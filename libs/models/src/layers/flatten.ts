import { reshape } from '@minvar/graph';
import type { Value } from '@minvar/graph';

/** n × … as n × (product of the rest), rows in the order of the last axis fastest. */
export function flatten(x: Value): Value {
  if (x.shape.length === 2) return x;
  const size = x.shape.slice(1).reduce<number>((a, b) => a * b!, 1);
  return reshape(x, [null, size]);
}
