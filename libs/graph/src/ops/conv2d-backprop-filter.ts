import { attribute, type Attributes } from '../attribute';
import { spread } from '../example';
import { createNode, defineOp, outputOf, type Value } from '../node';
import { shapeHeld } from '../rules';
import { windowAttributes } from '../window';
import { constant } from './const';
import { conv2dBackpropInput } from './conv2d-backprop-input';
import { conv2dOp } from './conv2d';
import { shapeOf } from './shape';

export const conv2dBackpropFilterOp = defineOp({
  op: 'Conv2DBackpropFilter',
  infer: ([, size, g]) => [{ dtype: g!.dtype, shape: shapeHeld(size!)! }],
  // Linear in the images and in the output's gradient.
  gradient: ({ inputs: [x, , g], attributes }, [gg]) => [
    conv2dBackpropInput(shapeOf(x!), gg!, g!, attributes),
    null,
    outputOf(createNode(conv2dOp, [x!, gg!], attributes)),
  ],
  examples: [
    {
      title: '3×3, stride 2, padding 1',
      inputs: [spread([2, 4, 4, 2], { batch: true }), spread([2, 2, 2, 2], { skip: 5, batch: true })],
      build: (x, g) =>
        conv2dBackpropFilter(x!, constant([3, 3, 2, 2], { dtype: 'int32' }), g!, {
          T: attribute.type(x!.dtype),
          ...windowAttributes(2, 1),
          dilations: attribute.ints([1, 1, 1, 1]),
        }),
    },
  ],
});

/** Derivative of a convolution by its filter: `attributes` are the convolution's own. */
export const conv2dBackpropFilter = (x: Value, size: Value, gradient: Value, attributes: Attributes): Value =>
  outputOf(createNode(conv2dBackpropFilterOp, [x, size, gradient], attributes));
