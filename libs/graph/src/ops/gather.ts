import { attribute } from '../attribute';
import { given, spread } from '../example';
import { createNode, defineOp, outputOf, printValue, type Value } from '../node';
import { constant } from './const';
import { reshape } from './reshape';
import { shapeOf } from './shape';
import { unsortedSegmentSum } from './unsorted-segment-sum';

export const gatherOp = defineOp({
  op: 'GatherV2',
  infer: ([x, indices]) => {
    if (indices!.dtype !== 'int32') throw new Error(`gather: indices should be int32, not ${printValue(indices!)}`);
    if (x!.shape.length === 0) throw new Error('gather: a scalar has no rows');
    return [{ dtype: x!.dtype, shape: [...indices!.shape, ...x!.shape.slice(1)] }];
  },
  gradient: ({ inputs: [x, indices] }, [g]) => {
    const rows = x!.shape[0]!;
    // A row picked twice gets the sum of both gradients.
    const count = rows === null ? gather(shapeOf(x!), constant(0, { dtype: 'int32' })) : rows;
    const inner = x!.shape.slice(1);
    return [unsortedSegmentSum(reshape(g!, [null, ...inner]), reshape(indices!, [null]), count), null, null];
  },
  examples: [
    {
      title: 'rows, one of them twice',
      inputs: [spread([4, 3], { batch: true }), given([3], [2, 0, 2], { dtype: 'int32', batch: true })],
      build: (x, i) => gather(x!, i!),
    },
    {
      title: 'elements by a matrix of indices',
      inputs: [spread([4]), given([2, 2], [3, 0, 1, 3], { dtype: 'int32' })],
      build: (x, i) => gather(x!, i!),
    },
  ],
});

/** Rows of x (slices along its first axis) by int32 indices. @throws at run time for an index out of range, on the CPU. */
export const gather = (x: Value, indices: Value): Value =>
  outputOf(
    createNode(gatherOp, [x, indices, constant(0, { dtype: 'int32' })], {
      Tparams: attribute.type(x.dtype),
      Tindices: attribute.type('int32'),
      Taxis: attribute.type('int32'),
      batch_dims: attribute.int(0),
    }),
  );
