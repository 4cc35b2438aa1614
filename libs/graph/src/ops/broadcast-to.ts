import { attribute } from '../attribute';
import { spread } from '../example';
import { createNode, defineOp, outputOf, printValue, type Value } from '../node';
import { shapeHeld, unbroadcast } from '../rules';
import { compatible, broadcastShapes, printShape } from '../shape';
import { constant } from './const';

export const broadcastToOp = defineOp({
  op: 'BroadcastTo',
  infer: ([x, to]) => {
    const shape = shapeHeld(to!);
    if (shape === null) throw new Error('broadcastTo: the rank of the new shape must be known');
    if (!compatible(broadcastShapes(x!.shape, shape, 'broadcastTo'), shape)) {
      throw new Error(`broadcastTo: ${printValue(x!)} cannot be stretched to ${printShape(shape)}`);
    }
    return [{ dtype: x!.dtype, shape }];
  },
  gradient: ({ inputs: [x] }, [g]) => [unbroadcast(g!, x!), null],
  examples: [
    { title: 'a scalar', inputs: [spread([])], build: (x) => broadcastTo(x!, [2, 3]) },
    { title: 'columns', inputs: [spread([2, 1])], build: (x) => broadcastTo(x!, [3, 2, 4]) },
  ],
});

/** x stretched to a shape, given or held by an int32 vector. */
export const broadcastTo = (x: Value, to: readonly number[] | Value): Value =>
  outputOf(
    createNode(broadcastToOp, [x, 'node' in to ? to : constant(to, { dtype: 'int32' })], {
      T: attribute.type(x.dtype),
      Tidx: attribute.type('int32'),
    }),
  );
