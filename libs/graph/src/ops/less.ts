import { attribute } from '../attribute';
import { spread } from '../example';
import { createNode, defineOp, outputOf, type Operand, type Value } from '../node';
import { elementwise, operands } from '../rules';

export const lessOp = defineOp({
  op: 'Less',
  infer: elementwise('less', 'bool'),
  gradient: { none: 'its output is not a number' },
  examples: [
    {
      title: 'a row against a matrix',
      inputs: [spread([2, 3], { batch: true }), spread([3])],
      build: (a, b) => less(a!, b!),
    },
  ],
});

/** a < b, as booleans. */
export function less(a: Operand, b: Operand): Value {
  const [x, y] = operands('less', a, b);
  return outputOf(createNode(lessOp, [x, y], { T: attribute.type(x.dtype) }));
}
