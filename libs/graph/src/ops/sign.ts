import { attribute } from '../attribute';
import { spread } from '../example';
import { createNode, defineOp, outputOf, type Value } from '../node';
import { likeFirst } from '../rules';

export const signOp = defineOp({
  op: 'Sign',
  infer: likeFirst,
  gradient: { none: 'is constant except at 0' },
  examples: [
    { title: 'a matrix', inputs: [spread([2, 3], { low: -2, high: 2, batch: true })], build: (x) => sign(x!) },
  ],
});

/** −1, 0 or 1. */
export const sign = (x: Value): Value => outputOf(createNode(signOp, [x], { T: attribute.type(x.dtype) }));
