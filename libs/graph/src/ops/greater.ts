import { attribute } from '../attribute';
import { spread } from '../example';
import { createNode, defineOp, outputOf, type Operand, type Value } from '../node';
import { elementwise, operands } from '../rules';

export const greaterOp = defineOp({
  op: 'Greater',
  infer: elementwise('greater', 'bool'),
  gradient: { none: 'its output is not a number' },
  examples: [
    {
      title: 'a row against a matrix',
      inputs: [spread([2, 3], { batch: true }), spread([3])],
      build: (a, b) => greater(a!, b!),
    },
  ],
});

/** a > b, as booleans. */
export function greater(a: Operand, b: Operand): Value {
  const [x, y] = operands('greater', a, b);
  return outputOf(createNode(greaterOp, [x, y], { T: attribute.type(x.dtype) }));
}
