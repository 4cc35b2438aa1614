import { attribute } from '../attribute';
import { spread } from '../example';
import { createNode, defineOp, outputOf, type Value } from '../node';
import { likeFirst } from '../rules';
import { mul } from './mul';

export const rsqrtOp = defineOp({
  op: 'Rsqrt',
  infer: likeFirst,
  gradient: (node, [g]) => [mul(mul(g!, -0.5), cube(outputOf(node)))],
  examples: [
    { title: 'a matrix', inputs: [spread([2, 3], { low: 0.1, high: 4, batch: true })], build: (x) => rsqrt(x!) },
  ],
});

/** 1/√x. */
export const rsqrt = (x: Value): Value => outputOf(createNode(rsqrtOp, [x], { T: attribute.type(x.dtype) }));

const cube = (y: Value): Value => mul(y, mul(y, y));
