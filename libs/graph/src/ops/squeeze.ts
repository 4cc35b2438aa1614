import { attribute, readAttribute } from '../attribute';
import { spread } from '../example';
import { createNode, defineOp, outputOf, printValue, type Value } from '../node';
import { normaliseAxis } from '../shape';
import { reshapeLike } from './reshape';

export const squeezeOp = defineOp({
  op: 'Squeeze',
  infer: ([x], attributes) => {
    const axes = readAttribute(attributes, 'squeeze_dims', 'ints');
    for (const a of axes) {
      if (x!.shape[a] !== 1) throw new Error(`squeeze: axis ${a} of ${printValue(x!)} is not of size 1`);
    }
    return [{ dtype: x!.dtype, shape: x!.shape.filter((_, i) => !axes.includes(i)) }];
  },
  gradient: ({ inputs: [x] }, [g]) => [reshapeLike(g!, x!)],
  examples: [
    { title: 'two of four axes', inputs: [spread([2, 1, 3, 1], { batch: true })], build: (x) => squeeze(x!, [1, -1]) },
  ],
});

/** Drops the given axes, which are of size 1. */
export const squeeze = (x: Value, axes: readonly number[]): Value =>
  outputOf(
    createNode(squeezeOp, [x], {
      T: attribute.type(x.dtype),
      squeeze_dims: attribute.ints(axes.map((a) => normaliseAxis(a, x.shape.length, 'squeeze'))),
    }),
  );
