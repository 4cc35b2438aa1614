import { attribute } from '../attribute';
import { given } from '../example';
import { createNode, defineOp, outputOf, type Value } from '../node';
import { constant, constantNumbers } from './const';

export const rangeOp = defineOp({
  op: 'Range',
  infer: ([, limit]) => [{ dtype: 'int32', shape: [constantNumbers(limit!)?.[0] ?? null] }],
  gradient: { none: 'its output is integers' },
  examples: [
    { title: 'to a given limit', inputs: [], build: () => range(4) },
    {
      title: 'to a fed limit',
      shapeFromFeed: true,
      inputs: [given([], [3], { dtype: 'int32' })],
      build: (n) => range(n!),
    },
  ],
});

/** 0, 1, …, limit − 1 as int32. */
export const range = (limit: number | Value): Value =>
  outputOf(
    createNode(
      rangeOp,
      [
        constant(0, { dtype: 'int32' }),
        typeof limit === 'number' ? constant(limit, { dtype: 'int32' }) : limit,
        constant(1, { dtype: 'int32' }),
      ],
      { Tidx: attribute.type('int32') },
    ),
  );
