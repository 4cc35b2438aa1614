import { describe, expect, it } from 'vitest';
import {
  add,
  assign,
  biasAdd,
  cast,
  concat,
  constant,
  conv2d,
  gather,
  input,
  matmul,
  maxPool,
  oneHot,
  reduceMean,
  reshape,
  slice,
  softmaxCrossEntropy,
  squeeze,
  transpose,
  variable,
} from './index';

const images = input('images', 'float32', [null, 32, 32, 3]);
const rows = input('rows', 'float32', [null, 8]);

describe('builders', () => {
  it('carry an unknown batch through a network', () => {
    const w = variable({ name: 'conv', shape: [3, 3, 3, 16] });
    const y = conv2d(images, w.value, { strides: 2, padding: 1 });
    expect(y.shape).toEqual([null, 16, 16, 16]);
    expect(maxPool(y, { size: 3, strides: 2, padding: 1 }).shape).toEqual([null, 8, 8, 16]);
    expect(reduceMean(y, [1, 2]).shape).toEqual([null, 16]);
    expect(reshape(y, [null, 16 * 16 * 16]).shape).toEqual([null, 4096]);
  });

  it('pad on all sides where TensorFlow’s SAME would not: an even image at stride 2', () => {
    const wide = constant(new Float32Array(27 * 700), { shape: [3, 3, 3, 700] });
    const { attributes, inputs } = conv2d(images, wide, { strides: 2, padding: 1 }).node;
    expect(attributes['padding']).toEqual({ kind: 'string', value: 'VALID' });
    const [, rows, columns] = images.shape;
    expect(inputs[0]!.node.op).toBe('PadV2');
    expect(inputs[0]!.shape.slice(1, 3)).toEqual([rows! + 2, columns! + 2]);
  });

  it('leave margins to a narrow convolution, but never in bfloat16', () => {
    const w = constant(new Float32Array(27), { shape: [3, 3, 3, 1] });
    const narrow = conv2d(images, w, { strides: 2, padding: 1 }).node;
    expect(narrow.attributes['padding']).toEqual({ kind: 'string', value: 'EXPLICIT' });
    expect(narrow.inputs[0]).toBe(images);
    const half = conv2d(cast(images, 'bfloat16'), cast(w, 'bfloat16'), { strides: 2, padding: 1 }).node;
    expect(half.attributes['padding']).toEqual({ kind: 'string', value: 'VALID' });
  });

  it('convolve with SAME only where it pads all sides alike: an odd window at stride 1', () => {
    const padding = (size: number, options: { strides?: number; padding: number }) =>
      conv2d(images, constant(new Float32Array(size * size * 3), { shape: [size, size, 3, 1] }), options).node
        .attributes['padding'];
    expect(padding(3, { padding: 1 })).toEqual({ kind: 'string', value: 'SAME' });
    expect(padding(2, { padding: 1 })).toEqual({ kind: 'string', value: 'EXPLICIT' });
    expect(padding(3, { padding: 1, strides: 2 })).toEqual({ kind: 'string', value: 'EXPLICIT' });
  });

  it('make frozen nodes', () => {
    const y = add(rows, 1);
    expect(Object.isFrozen(y) && Object.isFrozen(y.node) && Object.isFrozen(y.node.inputs)).toBe(true);
  });

  it('return the value itself where a cast changes nothing', () => {
    expect(cast(rows, 'float32')).toBe(rows);
  });

  it.each([
    [
      () => matmul(rows, input('m', 'float32', [7, 2])),
      'matmul: inner sizes 8 and 7 of float32[?, 8] and float32[7, 2] differ',
    ],
    [() => matmul(rows, input('m', 'float64', [8, 2])), 'matmul: types float32[?, 8], float64[8, 2] differ'],
    [() => biasAdd(rows, constant([1, 2])), 'biasAdd: the last axis of float32[?, 8] does not fit the bias float32[2]'],
    [
      () => conv2d(images, constant([1], { shape: [1, 1, 1, 1] })),
      'has 3 channels, the filter float32[1, 1, 1, 1] takes 1',
    ],
    [
      () => maxPool(input('small', 'float32', [1, 2, 2, 1]), { size: 3, strides: 1 }),
      'a window of 3×3 does not fit an image of 2×2',
    ],
    [() => reshape(rows, [null, null]), 'reshape: [?, ?] has more than one unknown size'],
    [() => reshape(constant([1, 2, 3]), [2]), 'reshape: float32[3] has 3 elements, [2] has 2'],
    [() => reshape(constant([1, 2, 3]), [2, null]), '3 is no multiple of 2'],
    [() => slice(constant([1, 2]), [1], [2]), 'slice: from [1], [2] leaves float32[2]'],
    [() => squeeze(rows, [1]), 'squeeze: axis 1 of float32[?, 8] is not of size 1'],
    [() => transpose(rows, [0, 0]), 'transpose: [0, 0] is no order of the axes of float32[?, 8]'],
    [() => concat([rows, constant([1])], 0), 'differ in another axis than 0'],
    [() => gather(rows, rows), 'gather: indices should be int32'],
    [
      () => softmaxCrossEntropy(rows, oneHot(input('y', 'int32', [null]), 7)),
      'logits float32[?, 8] and targets float32[?, 7] differ in shape',
    ],
    [
      () => assign(variable({ name: 'v', shape: [2] }), constant([1, 2, 3])),
      'assign: float32[3] does not fit the variable v, float32[2]',
    ],
    [() => variable({ name: 'a b', shape: [] }), 'variable: "a b" is no name for one'],
    [() => constant([1, 2], { shape: [3] }), 'constant: 2 elements do not fill the shape [3]'],
    [() => constant(new Float32Array(1 << 20)), 'too many for a graph'],
    [() => add(1, 2), 'add(1, 2): one of the two should be a value of the graph'],
  ])('name the wrong value and what does not fit: %#', (build, message) => {
    expect(build).toThrow(message);
  });
});
