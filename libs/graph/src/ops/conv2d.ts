import { attribute, type Attributes } from '../attribute';
import { spread } from '../example';
import { createNode, defineOp, outputOf, printValue, type Value } from '../node';
import { ofRank, sameType } from '../rules';
import { marginsOf, pairOf, samePadding, windowAttributes, windowOutput, type Padding, type Pair } from '../window';
import { conv2dBackpropFilter } from './conv2d-backprop-filter';
import { conv2dBackpropInput } from './conv2d-backprop-input';
import { pad } from './pad';
import { shapeOf } from './shape';

export const conv2dOp = defineOp({
  op: 'Conv2D',
  infer: ([x, filter], attributes) => {
    sameType('conv2d', x!, filter!);
    ofRank('conv2d', 'images', x!, 4);
    ofRank('conv2d', 'the filter', filter!, 4);
    const [n, rows, columns, channels] = x!.shape as [number | null, number | null, number | null, number | null];
    const [height, width, into, out] = filter!.shape as [number, number, number, number];
    if (channels !== null && channels !== into) {
      throw new Error(
        `conv2d: ${printValue(x!)} has ${channels} channels, the filter ${printValue(filter!)} takes ${into}`,
      );
    }
    const size = windowOutput('conv2d', [rows, columns], [height, width], attributes);
    return [{ dtype: x!.dtype, shape: [n, ...size, out] }];
  },
  gradient: ({ inputs: [x, filter], attributes }, [g]) => [
    conv2dBackpropInput(shapeOf(x!), filter!, g!, attributes),
    conv2dBackpropFilter(x!, shapeOf(filter!), g!, attributes),
  ],
  examples: [
    {
      title: '3×3, padding 1',
      inputs: [spread([2, 4, 4, 2], { batch: true }), spread([3, 3, 2, 3], { skip: 5 })],
      build: (x, w) => conv2d(x!, w!, { padding: 1 }),
    },
    {
      // An even size at stride 2 is where SAME and padding 1 differ.
      title: '3×3, stride 2, padding 1',
      inputs: [spread([2, 4, 4, 2], { batch: true }), spread([3, 3, 2, 2], { skip: 5 })],
      build: (x, w) => conv2d(x!, w!, { strides: 2, padding: 1 }),
    },
    {
      title: '1×1, stride 2, no padding',
      inputs: [spread([2, 4, 4, 2], { batch: true }), spread([1, 1, 2, 3], { skip: 5 })],
      build: (x, w) => conv2d(x!, w!, { strides: 2 }),
    },
    {
      title: 'unequal margins and strides',
      inputs: [spread([1, 5, 4, 1], { batch: true }), spread([3, 2, 1, 2], { skip: 5 })],
      build: (x, w) =>
        conv2d(x!, w!, {
          strides: [2, 1],
          padding: [
            [2, 0],
            [0, 1],
          ],
        }),
    },
  ],
});

/**
 * Whether margins are better left to the convolution's own kernels: TensorFlow's gradients of a convolution with explicit margins are
 * plain ones, but a narrow filter has so little to multiply that writing the zeros around the images takes longer (a strided small CNN
 * trains 1.1 × as fast; ResNet-18 of width 64, whose strided filters are wide, .85 ×). In bfloat16 they are far too slow.
 */
const isNarrow = ({ dtype, shape }: Value): boolean => dtype !== 'bfloat16' && shape[2]! * shape[3]! <= 32 * 64;

/**
 * Convolution (cross-correlation, as everywhere in deep learning) of NHWC images with an HWIO filter. Margins become TensorFlow's `SAME`
 * where that means the same, stay margins where the filter is narrow, else become zeros around the images.
 */
export function conv2d(
  x: Value,
  filter: Value,
  { strides = 1, padding = 0 }: { readonly strides?: Pair; readonly padding?: Padding } = {},
): Value {
  const margins = marginsOf(padding);
  const keepsSize =
    pairOf(strides).every((s) => s === 1) && margins.every(([a, b], i) => a === b && filter.shape[i] === 2 * a + 1);
  const none = margins.flat().every((m) => m === 0);
  const convolve = (images: Value, window: Attributes): Value =>
    outputOf(
      createNode(conv2dOp, [images, filter], {
        T: attribute.type(x.dtype),
        ...window,
        dilations: attribute.ints([1, 1, 1, 1]),
      }),
    );
  if (none) return convolve(x, windowAttributes(strides, 0));
  if (keepsSize) return convolve(x, samePadding);
  // without sizes the gradient of padding is not known
  if (isNarrow(filter) || x.shape[1] === null || x.shape[2] === null)
    return convolve(x, windowAttributes(strides, padding));
  return convolve(pad(x, [[0, 0], ...margins, [0, 0]]), windowAttributes(strides, 0));
}
