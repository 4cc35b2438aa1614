import { attribute } from '../attribute';
import { spread } from '../example';
import { createNode, defineOp, outputOf, type Operand, type Value } from '../node';
import { elementwise, operands } from '../rules';

export const equalOp = defineOp({
  op: 'Equal',
  infer: elementwise('equal', 'bool'),
  gradient: { none: 'its output is not a number' },
  examples: [
    {
      title: 'a row against a matrix',
      inputs: [spread([2, 3], { batch: true }), spread([3])],
      build: (a, b) => equal(a!, b!),
    },
  ],
});

/** a = b, as booleans. */
export function equal(a: Operand, b: Operand): Value {
  const [x, y] = operands('equal', a, b);
  return outputOf(createNode(equalOp, [x, y], { T: attribute.type(x.dtype) }));
}
