import { spread } from '../example';
import { createNode, defineOp, outputOf, type Value } from '../node';
import { inferReduction, reductionOf, spreadOver } from '../reduction';

export const reduceSumOp = defineOp({
  op: 'Sum',
  infer: inferReduction,
  gradient: (node, [g]) => [spreadOver(node, g!), null],
  examples: [
    { title: 'all axes', inputs: [spread([2, 3], { batch: true })], build: (x) => reduceSum(x!) },
    { title: 'the first axis', inputs: [spread([2, 3], { batch: true })], build: (x) => reduceSum(x!, [0]) },
    {
      title: 'two of three, kept',
      inputs: [spread([2, 3, 2], { batch: true })],
      build: (x) => reduceSum(x!, [0, -1], { keepDims: true }),
    },
  ],
});

/** Sum over the given axes, over all when there are none given. */
export function reduceSum(x: Value, axes: readonly number[] | null = null, { keepDims = false } = {}): Value {
  const { inputs, attributes } = reductionOf('reduceSum', x, axes, keepDims);
  return outputOf(createNode(reduceSumOp, inputs, attributes));
}
