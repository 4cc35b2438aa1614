import { attribute } from '../attribute';
import { spread } from '../example';
import { createNode, defineOp, outputOf, type Value } from '../node';
import { shapeHeld } from '../rules';
import { constant } from './const';
import { reduceSum } from './sum';
import { shapeOf } from './shape';

export const fillOp = defineOp({
  op: 'Fill',
  infer: ([dims, value]) => {
    const shape = shapeHeld(dims!);
    if (shape === null) throw new Error('fill: the rank of the shape must be known');
    return [{ dtype: value!.dtype, shape }];
  },
  gradient: (_node, [g]) => [null, reduceSum(g!)],
  examples: [
    { title: 'a given shape', inputs: [spread([])], build: (v) => fill([2, 3], v!) },
    {
      title: 'the shape of another value',
      fixed: [0],
      inputs: [spread([2, 2], { batch: true }), spread([])],
      build: (x, v) => fill(shapeOf(x!), v!),
    },
  ],
});

/** A tensor of one scalar repeated, of a shape given or held by an int32 vector. */
export const fill = (shape: readonly number[] | Value, value: Value): Value =>
  outputOf(
    createNode(fillOp, ['node' in shape ? shape : constant(shape, { dtype: 'int32' }), value], {
      T: attribute.type(value.dtype),
      index_type: attribute.type('int32'),
    }),
  );
