import { attribute } from '../attribute';
import { spread } from '../example';
import { createNode, defineOp, outputOf, type Value } from '../node';
import { likeFirst } from '../rules';
import { mul } from './mul';

export const expOp = defineOp({
  op: 'Exp',
  infer: likeFirst,
  gradient: (node, [g]) => [mul(g!, outputOf(node))],
  examples: [{ title: 'a matrix', inputs: [spread([2, 3], { low: -3, high: 3, batch: true })], build: (x) => exp(x!) }],
});

/** eˣ. */
export const exp = (x: Value): Value => outputOf(createNode(expOp, [x], { T: attribute.type(x.dtype) }));
