import { attribute } from '../attribute';
import { spread } from '../example';
import { createNode, defineOp, outputOf, type Value } from '../node';
import { likeFirst } from '../rules';
import { reluGrad } from './relu-grad';

export const reluOp = defineOp({
  op: 'Relu',
  infer: likeFirst,
  gradient: (node, [g]) => [reluGrad(g!, outputOf(node))],
  examples: [
    { title: 'a matrix', inputs: [spread([2, 3], { low: -2, high: 2, batch: true })], build: (x) => relu(x!) },
  ],
});

/** max(x, 0); derivative 0 at 0. */
export const relu = (x: Value): Value => outputOf(createNode(reluOp, [x], { T: attribute.type(x.dtype) }));
