import { attribute } from '../attribute';
import type { DType } from '../dtype';
import { given } from '../example';
import { createNode, defineOp, outputOf, type Value } from '../node';
import { constant, constantNumbers } from './const';

export const oneHotOp = defineOp({
  op: 'OneHot',
  infer: ([indices, depth, on]) => [{ dtype: on!.dtype, shape: [...indices!.shape, constantNumbers(depth!)![0]!] }],
  gradient: { none: 'its input is an index' },
  examples: [
    {
      title: 'labels',
      inputs: [given([3], [2, 0, 1], { dtype: 'int32', batch: true })],
      build: (y) => oneHot(y!, 4),
    },
  ],
});

/** A row of `depth` numbers for each index: 1 at the index, 0 elsewhere (all 0 when the index is out of range). */
export const oneHot = (indices: Value, depth: number, { dtype = 'float32' }: { readonly dtype?: DType } = {}): Value =>
  outputOf(
    createNode(
      oneHotOp,
      [indices, constant(depth, { dtype: 'int32' }), constant(1, { dtype }), constant(0, { dtype })],
      { T: attribute.type(dtype), TI: attribute.type(indices.dtype), axis: attribute.int(-1) },
    ),
  );
