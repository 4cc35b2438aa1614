import { attribute } from '../attribute';
import { spread } from '../example';
import { createNode, defineOp, outputOf, type Value } from '../node';
import { likeFirst } from '../rules';
import { mul } from './mul';
import { square } from './square';
import { sub } from './sub';

export const tanhOp = defineOp({
  op: 'Tanh',
  infer: likeFirst,
  gradient: (node, [g]) => [mul(g!, sub(1, square(outputOf(node))))],
  examples: [
    { title: 'a matrix', inputs: [spread([2, 3], { low: -2, high: 2, batch: true })], build: (x) => tanh(x!) },
  ],
});

/** Hyperbolic tangent. */
export const tanh = (x: Value): Value => outputOf(createNode(tanhOp, [x], { T: attribute.type(x.dtype) }));
