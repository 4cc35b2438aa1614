import { attribute } from '../attribute';
import { spread } from '../example';
import { createNode, defineOp, outputOf, type Value } from '../node';
import { likeFirst } from '../rules';
import { exp } from './exp';
import { mul } from './mul';
import { neg } from './neg';
import { square } from './square';

export const erfOp = defineOp({
  op: 'Erf',
  infer: likeFirst,
  gradient: ({ inputs: [x] }, [g]) => [mul(g!, mul(exp(neg(square(x!))), 2 / Math.sqrt(Math.PI)))],
  examples: [{ title: 'a matrix', inputs: [spread([2, 3], { low: -2, high: 2, batch: true })], build: (x) => erf(x!) }],
});

/** Error function. */
export const erf = (x: Value): Value => outputOf(createNode(erfOp, [x], { T: attribute.type(x.dtype) }));
