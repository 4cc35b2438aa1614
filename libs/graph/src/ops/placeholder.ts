import { attribute, readAttribute } from '../attribute';
import type { DType } from '../dtype';
import { createNode, defineOp, outputOf, type Value } from '../node';
import type { Shape } from '../shape';
import { bitcast } from './bitcast';
import { cast } from './cast';

export const placeholderOp = defineOp({
  op: 'Placeholder',
  infer: (_inputs, attributes) => [
    { dtype: readAttribute(attributes, 'dtype', 'type'), shape: readAttribute(attributes, 'shape', 'shape') },
  ],
  gradient: { none: 'has no inputs' },
  examples: { none: 'run with every example that has an input' },
});

/**
 * A value fed at each run. float64 and int64 are fed as pairs of int32, bytes and booleans as int32: what the host cannot send. Strings
 * are fed as they are. The name may differ from that in a signature.
 */
export function input(name: string, dtype: DType, shape: Shape): Value {
  switch (dtype) {
    case 'float64':
    case 'int64':
      return bitcast(placeholder(name, 'int32', [...shape, 2]), dtype);
    case 'bool':
    case 'uint8':
      return cast(placeholder(name, 'int32', shape), dtype);
    case 'bfloat16':
      return cast(placeholder(name, 'float32', shape), dtype);
    default:
      return placeholder(name, dtype, shape);
  }
}

const placeholder = (name: string, dtype: DType, shape: Shape): Value =>
  outputOf(createNode(placeholderOp, [], { dtype: attribute.type(dtype), shape: attribute.shape(shape) }, { name }));
