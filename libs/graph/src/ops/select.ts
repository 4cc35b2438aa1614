import { attribute } from '../attribute';
import { given, spread } from '../example';
import { createNode, defineOp, outputOf, type Value } from '../node';
import { sameType, unbroadcast } from '../rules';
import { broadcastShapes } from '../shape';
import { zerosLike } from './zeros-like';

export const selectOp = defineOp({
  op: 'SelectV2',
  infer: ([c, a, b]) => {
    sameType('select', a!, b!);
    if (c!.dtype !== 'bool') throw new Error(`select: the condition should be bool, not ${c!.dtype}`);
    return [
      { dtype: a!.dtype, shape: broadcastShapes(c!.shape, broadcastShapes(a!.shape, b!.shape, 'select'), 'select') },
    ];
  },
  gradient: ({ inputs: [c, a, b] }, [g]) => {
    const none = zerosLike(g!);
    return [null, unbroadcast(select(c!, g!, none), a!), unbroadcast(select(c!, none, g!), b!)];
  },
  examples: [
    {
      title: 'equal shapes',
      inputs: [
        given([4], [1, 0, 0, 1], { dtype: 'bool', batch: true }),
        spread([4], { batch: true }),
        spread([4], { skip: 4, batch: true }),
      ],
      build: (c, a, b) => select(c!, a!, b!),
    },
    {
      title: 'a scalar against a matrix, a condition a row',
      inputs: [given([2, 1], [1, 0], { dtype: 'bool', batch: true }), spread([2, 3], { batch: true }), spread([])],
      build: (c, a, b) => select(c!, a!, b!),
    },
  ],
});

/** a where the condition holds, else b. The derivative of the branch not taken is 0, not NaN. */
export const select = (condition: Value, a: Value, b: Value): Value =>
  outputOf(createNode(selectOp, [condition, a, b], { T: attribute.type(a.dtype) }));
