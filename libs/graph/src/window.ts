import { attribute, readAttribute, type Attributes } from './attribute';

/** Rows, then columns; one number for both. */
export type Pair = number | readonly [number, number];
/** Margins [[top, bottom], [left, right]]; one number for all four. */
export type Padding = number | readonly [readonly [number, number], readonly [number, number]];

export const pairOf = (p: Pair): readonly [number, number] => (typeof p === 'number' ? [p, p] : p);

export const marginsOf = (p: Padding): readonly [readonly [number, number], readonly [number, number]] =>
  typeof p === 'number'
    ? [
        [p, p],
        [p, p],
      ]
    : p;

/**
 * Attributes of an operation that slides a window over NHWC images. The padding is written out: TensorFlow's
 * `SAME` at stride 2 pads bottom and right only, where PyTorch pads all four sides.
 */
export function windowAttributes(strides: Pair, padding: Padding): Attributes {
  const [rows, columns] = pairOf(strides);
  const [[top, bottom], [left, right]] = marginsOf(padding);
  const none = top === 0 && bottom === 0 && left === 0 && right === 0;
  return {
    strides: attribute.ints([1, rows, columns, 1]),
    padding: attribute.string(none ? 'VALID' : 'EXPLICIT'),
    explicit_paddings: attribute.ints(none ? [] : [0, 0, top!, bottom!, left!, right!, 0, 0]),
    data_format: attribute.string('NHWC'),
  };
}

/**
 * Attributes of a window of odd size at stride 1 whose padding keeps the size: there `SAME` means the same margins on all sides. TensorFlow
 * takes oneDNN's kernels for a convolution's gradients with `SAME` and `VALID`, and slower ones where margins are written out.
 */
export const samePadding: Attributes = Object.freeze({
  strides: attribute.ints([1, 1, 1, 1]),
  padding: attribute.string('SAME'),
  explicit_paddings: attribute.ints([]),
  data_format: attribute.string('NHWC'),
});

/** Output sizes (rows, columns) of a window of the given size over images of `rows` × `columns`. */
export function windowOutput(
  op: string,
  image: readonly [number | null, number | null],
  window: readonly [number, number],
  attributes: Attributes,
): readonly [number | null, number | null] {
  if (readAttribute(attributes, 'padding', 'string') === 'SAME') return image;
  const strides = readAttribute(attributes, 'strides', 'ints');
  const margins = readAttribute(attributes, 'explicit_paddings', 'ints');
  const along = (i: 0 | 1): number | null => {
    const size = image[i];
    if (size === null) return null;
    const padded = size + (margins[2 + 2 * i] ?? 0) + (margins[3 + 2 * i] ?? 0);
    if (padded < window[i]) {
      throw new Error(
        `${op}: a window of ${window.join('×')} does not fit an image of ${image.join('×')} with its padding`,
      );
    }
    return Math.floor((padded - window[i]) / strides[1 + i]!) + 1;
  };
  return [along(0), along(1)];
}
