import { spread } from '../example';
import { createNode, defineOp, outputOf, type Value } from '../node';
import { inferReduction, reductionOf, withKeptAxes } from '../reduction';
import { cast } from './cast';
import { constantNumbers } from './const';
import { div } from './div';
import { equal } from './equal';
import { mul } from './mul';
import { reduceSum } from './sum';

export const reduceMaxOp = defineOp({
  op: 'Max',
  infer: inferReduction,
  gradient: (node, [g]) => {
    const chosen = cast(equal(node.inputs[0]!, withKeptAxes(node, outputOf(node))), g!.dtype);
    const axes = constantNumbers(node.inputs[1]!);
    const ties = reduceSum(chosen, axes, { keepDims: true });
    return [mul(chosen, div(withKeptAxes(node, g!), ties)), null];
  },
  examples: [
    { title: 'all axes', inputs: [spread([2, 3], { batch: true })], build: (x) => reduceMax(x!) },
    { title: 'the first axis', inputs: [spread([2, 3], { batch: true })], build: (x) => reduceMax(x!, [0]) },
    {
      title: 'two of three, kept',
      inputs: [spread([2, 3, 2], { batch: true })],
      build: (x) => reduceMax(x!, [0, -1], { keepDims: true }),
    },
  ],
});

/** Maximum (equal maxima share the derivative) over the given axes, over all when there are none given. */
export function reduceMax(x: Value, axes: readonly number[] | null = null, { keepDims = false } = {}): Value {
  const { inputs, attributes } = reductionOf('reduceMax', x, axes, keepDims);
  return outputOf(createNode(reduceMaxOp, inputs, attributes));
}
