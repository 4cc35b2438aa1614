import { attribute } from '../attribute';
import { spread } from '../example';
import { createNode, defineOp, outputOf, type Operand, type Value } from '../node';
import { elementwise, operands } from '../rules';

export const greaterEqualOp = defineOp({
  op: 'GreaterEqual',
  infer: elementwise('greaterEqual', 'bool'),
  gradient: { none: 'its output is not a number' },
  examples: [
    {
      title: 'a row against a matrix',
      inputs: [spread([2, 3], { batch: true }), spread([3])],
      build: (a, b) => greaterEqual(a!, b!),
    },
  ],
});

/** a ≥ b, as booleans. */
export function greaterEqual(a: Operand, b: Operand): Value {
  const [x, y] = operands('greaterEqual', a, b);
  return outputOf(createNode(greaterEqualOp, [x, y], { T: attribute.type(x.dtype) }));
}
