import { attribute } from '../attribute';
import { spread } from '../example';
import { createNode, defineOp, outputOf, type Value } from '../node';
import { likeFirst } from '../rules';

export const onesLikeOp = defineOp({
  op: 'OnesLike',
  infer: likeFirst,
  gradient: { none: 'does not depend on the values of x' },
  examples: [
    { title: 'a matrix', inputs: [spread([2, 3], { low: -2, high: 2, batch: true })], build: (x) => onesLike(x!) },
  ],
});

/** Ones of the type and shape of x. */
export const onesLike = (x: Value): Value => outputOf(createNode(onesLikeOp, [x], { T: attribute.type(x.dtype) }));
