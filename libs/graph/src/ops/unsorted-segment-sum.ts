import { attribute } from '../attribute';
import { given, spread } from '../example';
import { createNode, defineOp, outputOf, printValue, type Value } from '../node';
import { compatible } from '../shape';
import { constant, constantNumbers } from './const';
import { gather } from './gather';

export const unsortedSegmentSumOp = defineOp({
  op: 'UnsortedSegmentSum',
  infer: ([x, ids, count]) => {
    if (!compatible(ids!.shape, x!.shape.slice(0, ids!.shape.length))) {
      throw new Error(
        `unsortedSegmentSum: ${printValue(ids!)} does not name a segment for each row of ${printValue(x!)}`,
      );
    }
    return [{ dtype: x!.dtype, shape: [constantNumbers(count!)?.[0] ?? null, ...x!.shape.slice(ids!.shape.length)] }];
  },
  gradient: ({ inputs: [, ids] }, [g]) => [gather(g!, ids!), null, null],
  examples: [
    {
      title: 'rows to three segments, one empty',
      inputs: [spread([4, 2], { batch: true }), given([4], [2, 0, 2, 0], { dtype: 'int32', batch: true })],
      build: (x, i) => unsortedSegmentSum(x!, i!, 3),
    },
  ],
});

/** Row k of the result is the sum of the rows of x whose id is k; an empty segment is 0. */
export const unsortedSegmentSum = (x: Value, ids: Value, segments: number | Value): Value =>
  outputOf(
    createNode(
      unsortedSegmentSumOp,
      [x, ids, typeof segments === 'number' ? constant(segments, { dtype: 'int32' }) : segments],
      {
        T: attribute.type(x.dtype),
        Tindices: attribute.type('int32'),
        Tnumsegments: attribute.type('int32'),
      },
    ),
  );
