import { attribute } from '../attribute';
import { spread } from '../example';
import { createNode, defineOp, outputOf, type Value } from '../node';
import { likeFirst } from '../rules';

export const zerosLikeOp = defineOp({
  op: 'ZerosLike',
  infer: likeFirst,
  gradient: { none: 'does not depend on the values of x' },
  examples: [
    { title: 'a matrix', inputs: [spread([2, 3], { low: -2, high: 2, batch: true })], build: (x) => zerosLike(x!) },
  ],
});

/** Zeros of the type and shape of x. */
export const zerosLike = (x: Value): Value => outputOf(createNode(zerosLikeOp, [x], { T: attribute.type(x.dtype) }));
