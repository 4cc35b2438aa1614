import { attribute } from '../attribute';
import { spread } from '../example';
import { createNode, defineOp, outputOf, type Value } from '../node';

export const sizeOp = defineOp({
  op: 'Size',
  infer: () => [{ dtype: 'int32', shape: [] }],
  gradient: { none: 'does not depend on the values of x' },
  examples: [{ title: 'a matrix', inputs: [spread([2, 3], { batch: true })], build: (x) => sizeOf(x!) }],
});

/** The number of elements as an int32 scalar, known when the graph runs. */
export const sizeOf = (x: Value): Value =>
  outputOf(createNode(sizeOp, [x], { T: attribute.type(x.dtype), out_type: attribute.type('int32') }));
