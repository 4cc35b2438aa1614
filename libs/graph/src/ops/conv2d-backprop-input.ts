import { spread } from '../example';
import { createNode, defineOp, outputOf, type Value } from '../node';
import { shapeHeld } from '../rules';
import { attribute, type Attributes } from '../attribute';
import { windowAttributes } from '../window';
import { constant } from './const';
import { conv2dBackpropFilter } from './conv2d-backprop-filter';
import { conv2dOp } from './conv2d';
import { shapeOf } from './shape';

export const conv2dBackpropInputOp = defineOp({
  op: 'Conv2DBackpropInput',
  infer: ([size, , g]) => [{ dtype: g!.dtype, shape: shapeHeld(size!)! }],
  // Linear in the filter and in the output's gradient.
  gradient: ({ inputs: [, filter, g], attributes }, [gg]) => [
    null,
    conv2dBackpropFilter(gg!, shapeOf(filter!), g!, attributes),
    outputOf(createNode(conv2dOp, [gg!, filter!], attributes)),
  ],
  examples: [
    {
      title: '3×3, stride 2, padding 1',
      inputs: [spread([3, 3, 2, 2]), spread([2, 2, 2, 2], { skip: 5 })],
      build: (w, g) =>
        conv2dBackpropInput(constant([2, 4, 4, 2], { dtype: 'int32' }), w!, g!, {
          T: attribute.type(w!.dtype),
          ...windowAttributes(2, 1),
          dilations: attribute.ints([1, 1, 1, 1]),
        }),
    },
  ],
});

/** Derivative of a convolution by its images: `attributes` are the convolution's own. */
export const conv2dBackpropInput = (size: Value, filter: Value, gradient: Value, attributes: Attributes): Value =>
  outputOf(createNode(conv2dBackpropInputOp, [size, filter, gradient], attributes));
