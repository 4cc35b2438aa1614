import { attribute } from '../attribute';
import { spread } from '../example';
import { createNode, defineOp, outputOf, type Operand, type Value } from '../node';
import { elementwise, operands } from '../rules';

export const notEqualOp = defineOp({
  op: 'NotEqual',
  infer: elementwise('notEqual', 'bool'),
  gradient: { none: 'its output is not a number' },
  examples: [
    {
      title: 'a row against a matrix',
      inputs: [spread([2, 3], { batch: true }), spread([3])],
      build: (a, b) => notEqual(a!, b!),
    },
  ],
});

/** a ≠ b, as booleans. */
export function notEqual(a: Operand, b: Operand): Value {
  const [x, y] = operands('notEqual', a, b);
  return outputOf(createNode(notEqualOp, [x, y], { T: attribute.type(x.dtype) }));
}
