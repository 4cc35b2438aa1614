import { attribute } from '../attribute';
import { spread } from '../example';
import { createNode, defineOp, outputOf, type Value } from '../node';
import { normaliseAxis } from '../shape';
import { constant, constantNumbers } from './const';

export const argMaxOp = defineOp({
  op: 'ArgMax',
  infer: ([x, axis]) => {
    const [a] = constantNumbers(axis!)!;
    return [{ dtype: 'int32', shape: x!.shape.filter((_, i) => i !== a) }];
  },
  gradient: { none: 'its output is an index' },
  examples: [{ title: 'of rows', inputs: [spread([3, 4], { batch: true })], build: (x) => argMax(x!, -1) }],
});

/** Index of the largest element along an axis (the first of equal ones), int32. */
export function argMax(x: Value, axis: number): Value {
  const a = constant(normaliseAxis(axis, x.shape.length, 'argMax'), { dtype: 'int32' });
  return outputOf(
    createNode(argMaxOp, [x, a], {
      T: attribute.type(x.dtype),
      Tidx: attribute.type('int32'),
      output_type: attribute.type('int32'),
    }),
  );
}
