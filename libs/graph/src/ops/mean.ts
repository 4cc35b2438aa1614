import { spread } from '../example';
import { createNode, defineOp, outputOf, type Value } from '../node';
import { inferReduction, reductionOf, spreadOver } from '../reduction';
import { cast } from './cast';
import { div } from './div';
import { elementCount } from '../shape';
import { sizeOf } from './size';

export const reduceMeanOp = defineOp({
  op: 'Mean',
  infer: inferReduction,
  gradient: (node, [g]) => {
    const x = node.inputs[0]!;
    const all = elementCount(x.shape);
    const kept = elementCount(node.outputs[0]!.shape);
    const averaged =
      all !== null && kept !== null ? all / kept : div(cast(sizeOf(x), x.dtype), cast(sizeOf(outputOf(node)), x.dtype));
    return [div(spreadOver(node, g!), averaged), null];
  },
  examples: [
    { title: 'all axes', inputs: [spread([2, 3], { batch: true })], build: (x) => reduceMean(x!) },
    { title: 'the first axis', inputs: [spread([2, 3], { batch: true })], build: (x) => reduceMean(x!, [0]) },
    {
      title: 'two of three, kept',
      inputs: [spread([2, 3, 2], { batch: true })],
      build: (x) => reduceMean(x!, [0, -1], { keepDims: true }),
    },
  ],
});

/** Mean over the given axes, over all when there are none given. */
export function reduceMean(x: Value, axes: readonly number[] | null = null, { keepDims = false } = {}): Value {
  const { inputs, attributes } = reductionOf('reduceMean', x, axes, keepDims);
  return outputOf(createNode(reduceMeanOp, inputs, attributes));
}
