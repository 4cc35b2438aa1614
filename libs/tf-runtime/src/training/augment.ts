import { batchMatmul, input, oneHot, reshape, transpose } from '@minvar/graph';
import type { Value } from '@minvar/graph';
import type { RandomStream } from '@minvar/random';

/** Pixels of zero padding around an image before it is cropped back to its size. */
const padding = 4;

export interface CropFlip {
  /** n × H: source row of each output row, outside 0 … H − 1 where it is padding */
  readonly rows: Int32Array;
  /** n × W: source column of each output column */
  readonly columns: Int32Array;
}

/**
 * Crop and flip of CIFAR training (He et al., CVPR 2016, section 4.2): each image is padded by 4 zeros, cropped to its size at a uniform
 * offset and mirrored with probability ½. `random` is the `augment` stream of the step.
 */
export function drawCropFlip(
  examples: number,
  [height, width]: readonly [number, number],
  random: RandomStream,
): CropFlip {
  const rows = new Int32Array(examples * height);
  const columns = new Int32Array(examples * width);
  for (let i = 0; i < examples; i++) {
    const down = random.below(2 * padding + 1) - padding;
    const right = random.below(2 * padding + 1) - padding;
    const flipped = random.below(2) === 1;
    for (let h = 0; h < height; h++) rows[i * height + h] = h + down;
    for (let w = 0; w < width; w++) columns[i * width + w] = (flipped ? width - 1 - w : w) + right;
  }
  return { rows, columns };
}

/** The inputs by which a step is told rows and columns. */
export const cropFlipInputs = ([height, width]: readonly [number, number]): { rows: Value; columns: Value } => ({
  rows: input('rows', 'int32', [null, height]),
  columns: input('columns', 'int32', [null, width]),
});

/**
 * Picks rows and columns of images x: n × H × W × C by two products with one-hot matrices: exact, since every sum has at most one term, and a
 * source outside the image is a row of zeros.
 */
export function cropFlip(x: Value, { rows, columns }: { rows: Value; columns: Value }): Value {
  const [, height, width, channels] = x.shape as [null, number, number, number];
  const down = batchMatmul(oneHot(rows, height, { dtype: x.dtype }), reshape(x, [null, height, width * channels]));
  const turned = transpose(reshape(down, [null, height, width, channels]), [0, 2, 1, 3]);
  const across = batchMatmul(
    oneHot(columns, width, { dtype: x.dtype }),
    reshape(turned, [null, width, height * channels]),
  );
  return transpose(reshape(across, [null, width, height, channels]), [0, 2, 1, 3]);
}
