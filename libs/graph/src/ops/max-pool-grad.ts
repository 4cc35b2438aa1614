import { attribute, type Attributes } from '../attribute';
import { spread } from '../example';
import { createNode, defineOp, outputOf, type Value } from '../node';
import { windowAttributes } from '../window';
import { maxPool } from './max-pool';

export const maxPoolGradOp = defineOp({
  op: 'MaxPoolGrad',
  infer: ([x]) => [{ dtype: x!.dtype, shape: x!.shape }],
  gradient: { missing: 'no second derivative of max pooling is needed; its kernel is MaxPoolGradGrad' },
  examples: [
    {
      title: '2×2, stride 2',
      inputs: [spread([2, 4, 4, 1], { batch: true }), spread([2, 2, 2, 1], { skip: 5, batch: true })],
      build: (x, g) =>
        maxPoolGrad(x!, maxPool(x!, { size: 2, strides: 2 }), g!, {
          T: attribute.type(x!.dtype),
          ksize: attribute.ints([1, 2, 2, 1]),
          ...windowAttributes(2, 0),
        }),
    },
  ],
});

/** Derivative of max pooling by its images: `attributes` are the pooling's own. */
export const maxPoolGrad = (x: Value, y: Value, gradient: Value, attributes: Attributes): Value =>
  outputOf(createNode(maxPoolGradOp, [x, y, gradient], attributes));
