import { attribute, readAttribute } from '../attribute';
import type { DType } from '../dtype';
import { given } from '../example';
import { createNode, defineOp, outputOf, printValue, type Value } from '../node';

const bytes: Partial<Record<DType, number>> = { uint8: 1, bfloat16: 2, float32: 4, int32: 4, float64: 8, int64: 8 };

export const bitcastOp = defineOp({
  op: 'Bitcast',
  infer: ([x], attributes) => {
    const to = readAttribute(attributes, 'type', 'type');
    const ratio = (bytes[x!.dtype] ?? NaN) / (bytes[to] ?? NaN);
    if (ratio === 1) return [{ dtype: to, shape: x!.shape }];
    if (ratio > 1) return [{ dtype: to, shape: [...x!.shape, ratio] }];
    if (x!.shape[x!.shape.length - 1] === 1 / ratio) return [{ dtype: to, shape: x!.shape.slice(0, -1) }];
    throw new Error(`bitcast: the bits of ${printValue(x!)} cannot be read as ${to}`);
  },
  gradient: { none: 'reads bits, not numbers' },
  examples: [
    {
      title: 'integers to one of twice the width and back',
      inputs: [given([2, 2], [1, 2, 3, 4], { dtype: 'int32', batch: true })],
      build: (x) => bitcast(bitcast(x!, 'float64'), 'int32'),
    },
  ],
});

/** The same bits read as another type; a wider type takes up a last axis, a narrower one adds it. */
export const bitcast = (x: Value, dtype: DType): Value =>
  outputOf(createNode(bitcastOp, [x], { T: attribute.type(x.dtype), type: attribute.type(dtype) }));
