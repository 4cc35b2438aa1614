import { attribute, readAttribute } from '../attribute';
import { spread } from '../example';
import { createNode, defineOp, outputOf, type Value } from '../node';
import { ofRank } from '../rules';
import { pairOf, windowAttributes, windowOutput, type Padding, type Pair } from '../window';
import { maxPoolGrad } from './max-pool-grad';

export const maxPoolOp = defineOp({
  op: 'MaxPool',
  infer: ([x], attributes) => {
    ofRank('maxPool', 'images', x!, 4);
    const [n, rows, columns, channels] = x!.shape as [number | null, number | null, number | null, number | null];
    const [, height, width] = readAttribute(attributes, 'ksize', 'ints') as [number, number, number, number];
    const size = windowOutput('maxPool', [rows, columns], [height, width], attributes);
    return [{ dtype: x!.dtype, shape: [n, ...size, channels] }];
  },
  gradient: (node, [g]) => [maxPoolGrad(node.inputs[0]!, outputOf(node), g!, node.attributes)],
  examples: [
    {
      title: '2×2, stride 2',
      inputs: [spread([2, 4, 4, 2], { batch: true })],
      build: (x) => maxPool(x!, { size: 2, strides: 2 }),
    },
    {
      // All inputs are negative, so that padding by 0 instead of −∞ would show.
      title: '3×3, stride 2, padding 1, of negative numbers',
      inputs: [spread([2, 4, 4, 1], { low: -2, high: -1, batch: true })],
      build: (x) => maxPool(x!, { size: 3, strides: 2, padding: 1 }),
    },
  ],
});

/** Maximum over windows of NHWC images; padding counts as −∞. */
export const maxPool = (
  x: Value,
  { size, strides, padding = 0 }: { readonly size: Pair; readonly strides: Pair; readonly padding?: Padding },
): Value =>
  outputOf(
    createNode(maxPoolOp, [x], {
      T: attribute.type(x.dtype),
      ksize: attribute.ints([1, ...pairOf(size), 1]),
      ...windowAttributes(strides, padding),
    }),
  );
