import { attribute } from '../attribute';
import { spread } from '../example';
import { createNode, defineOp, outputOf, printValue, type Value } from '../node';
import { printShape, type Shape } from '../shape';
import { constant, constantNumbers } from './const';
import { pad } from './pad';

export const sliceOp = defineOp({
  op: 'Slice',
  infer: ([x, begin, size]) => {
    const from = constantNumbers(begin!)!;
    const count = constantNumbers(size!)!;
    const shape = x!.shape.map((d, i) => (count[i]! >= 0 ? count[i]! : d === null ? null : d - from[i]!));
    if (x!.shape.some((d, i) => d !== null && from[i]! + shape[i]! > d)) {
      throw new Error(`slice: from [${from.join(', ')}], ${printShape(shape)} leaves ${printValue(x!)}`);
    }
    return [{ dtype: x!.dtype, shape }];
  },
  gradient: ({ inputs: [x, begin, size] }, [g]) => {
    const from = constantNumbers(begin!)!;
    const count = constantNumbers(size!)!;
    const margins = x!.shape.map((d, i): readonly [number, number] => {
      if (count[i]! < 0) return [from[i]!, 0];
      if (d === null) throw new Error(`slice: its gradient needs the size of axis ${i} of ${printValue(x!)}`);
      return [from[i]!, d - from[i]! - count[i]!];
    });
    return [pad(g!, margins), null, null];
  },
  examples: [
    {
      title: 'all rows, some columns',
      inputs: [spread([2, 5], { batch: true })],
      build: (x) => slice(x!, [0, 1], [null, 3]),
    },
    { title: 'the rest', inputs: [spread([4, 3])], build: (x) => slice(x!, [1, 1], [2, null]) },
  ],
});

/** `size[i]` elements from `begin[i]` on along each axis; null takes the rest. */
export function slice(x: Value, begin: readonly number[], size: Shape): Value {
  if (begin.length !== x.shape.length || size.length !== x.shape.length) {
    throw new Error(`slice: begin and size need one number for each axis of ${printValue(x)}`);
  }
  const int32 = (list: readonly number[]) => constant(list, { dtype: 'int32' });
  return outputOf(
    createNode(sliceOp, [x, int32(begin), int32(size.map((d) => d ?? -1))], {
      T: attribute.type(x.dtype),
      Index: attribute.type('int32'),
    }),
  );
}
