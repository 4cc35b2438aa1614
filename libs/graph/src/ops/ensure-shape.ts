import { attribute, readAttribute } from '../attribute';
import { spread } from '../example';
import { createNode, defineOp, outputOf, printValue, type Value } from '../node';
import { compatible, printShape, type Shape } from '../shape';

export const ensureShapeOp = defineOp({
  op: 'EnsureShape',
  infer: ([x], attributes) => {
    const shape = readAttribute(attributes, 'shape', 'shape');
    if (!compatible(x!.shape, shape)) throw new Error(`ensureShape: ${printValue(x!)} cannot be ${printShape(shape)}`);
    return [{ dtype: x!.dtype, shape: shape.map((d, i) => d ?? x!.shape[i]!) }];
  },
  gradient: (_node, [g]) => [g!],
  examples: [
    { title: 'a matrix', inputs: [spread([2, 3], { batch: true })], build: (x) => ensureShape(x!, [2, null]) },
  ],
});

/** x, once it is known to have the shape. @throws when run, if it has another. */
export const ensureShape = (x: Value, shape: Shape): Value =>
  outputOf(createNode(ensureShapeOp, [x], { T: attribute.type(x.dtype), shape: attribute.shape(shape) }));
