import { attribute } from '../attribute';
import { spread } from '../example';
import { createNode, defineOp, outputOf, printValue, type Value } from '../node';
import { constant, constantNumbers } from './const';
import { slice } from './slice';

export const padOp = defineOp({
  op: 'PadV2',
  infer: ([x, margins]) => {
    const list = constantNumbers(margins!)!;
    return [
      { dtype: x!.dtype, shape: x!.shape.map((d, i) => (d === null ? null : list[2 * i]! + d + list[2 * i + 1]!)) },
    ];
  },
  gradient: ({ inputs: [x, margins] }, [g]) => {
    const list = constantNumbers(margins!)!;
    const size = x!.shape.map((d, i) => {
      if (d === null && list[2 * i + 1] !== 0) {
        throw new Error(`pad: its gradient needs the size of axis ${i} of ${printValue(x!)}`);
      }
      return d;
    });
    return [
      slice(
        g!,
        x!.shape.map((_, i) => list[2 * i]!),
        size,
      ),
      null,
      null,
    ];
  },
  examples: [
    {
      title: 'zeros around images',
      inputs: [spread([2, 2, 3, 1], { batch: true })],
      build: (x) =>
        pad(x!, [
          [0, 0],
          [1, 1],
          [2, 1],
          [0, 0],
        ]),
    },
    {
      title: 'another number',
      inputs: [spread([2, 3])],
      build: (x) =>
        pad(
          x!,
          [
            [1, 0],
            [0, 2],
          ],
          0.5,
        ),
    },
  ],
});

/** `margins[i]` elements of `value` before and after along each axis. */
export function pad(x: Value, margins: readonly (readonly [number, number])[], value = 0): Value {
  if (margins.length !== x.shape.length) throw new Error(`pad: one margin for each axis of ${printValue(x)}`);
  const list = constant(margins.flat(), { dtype: 'int32', shape: [margins.length, 2] });
  return outputOf(
    createNode(padOp, [x, list, constant(value, { dtype: x.dtype })], {
      T: attribute.type(x.dtype),
      Tpaddings: attribute.type('int32'),
    }),
  );
}
