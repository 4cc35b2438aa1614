import { attribute } from '../attribute';
import { spread } from '../example';
import { createNode, defineOp, outputOf, printValue, type Value } from '../node';
import { constant, constantNumbers } from './const';

export const transposeOp = defineOp({
  op: 'Transpose',
  infer: ([x, order]) => [{ dtype: x!.dtype, shape: constantNumbers(order!)!.map((a) => x!.shape[a]!) }],
  gradient: ({ inputs: [, order] }, [g]) => {
    const axes = constantNumbers(order!)!;
    return [
      transpose(
        g!,
        axes.map((_, i) => axes.indexOf(i)),
      ),
      null,
    ];
  },
  examples: [
    { title: 'a matrix', inputs: [spread([2, 3], { batch: true })], build: (x) => transpose(x!, [1, 0]) },
    { title: 'three axes', inputs: [spread([2, 3, 4], { batch: true })], build: (x) => transpose(x!, [2, 0, 1]) },
  ],
});

/** Axis i of the result is axis `order[i]` of x. */
export function transpose(x: Value, order: readonly number[]): Value {
  if ([...order].sort((a, b) => a - b).join() !== x.shape.map((_, i) => i).join()) {
    throw new Error(`transpose: [${order.join(', ')}] is no order of the axes of ${printValue(x)}`);
  }
  return outputOf(
    createNode(transposeOp, [x, constant(order, { dtype: 'int32' })], {
      T: attribute.type(x.dtype),
      Tperm: attribute.type('int32'),
    }),
  );
}
