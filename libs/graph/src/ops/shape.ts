import { attribute } from '../attribute';
import { spread } from '../example';
import { createNode, defineOp, outputOf, type Value } from '../node';

export const shapeOp = defineOp({
  op: 'Shape',
  infer: ([x]) => [{ dtype: 'int32', shape: [x!.shape.length] }],
  gradient: { none: 'does not depend on the values of x' },
  examples: [{ title: 'a matrix', inputs: [spread([2, 3], { batch: true })], build: (x) => shapeOf(x!) }],
});

/** The shape as an int32 vector, known when the graph runs. */
export const shapeOf = (x: Value): Value =>
  outputOf(createNode(shapeOp, [x], { T: attribute.type(x.dtype), out_type: attribute.type('int32') }));
