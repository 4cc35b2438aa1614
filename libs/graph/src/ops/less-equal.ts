import { attribute } from '../attribute';
import { spread } from '../example';
import { createNode, defineOp, outputOf, type Operand, type Value } from '../node';
import { elementwise, operands } from '../rules';

export const lessEqualOp = defineOp({
  op: 'LessEqual',
  infer: elementwise('lessEqual', 'bool'),
  gradient: { none: 'its output is not a number' },
  examples: [
    {
      title: 'a row against a matrix',
      inputs: [spread([2, 3], { batch: true }), spread([3])],
      build: (a, b) => lessEqual(a!, b!),
    },
  ],
});

/** a ≤ b, as booleans. */
export function lessEqual(a: Operand, b: Operand): Value {
  const [x, y] = operands('lessEqual', a, b);
  return outputOf(createNode(lessEqualOp, [x, y], { T: attribute.type(x.dtype) }));
}
