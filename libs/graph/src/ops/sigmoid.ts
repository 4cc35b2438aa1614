import { attribute } from '../attribute';
import { spread } from '../example';
import { createNode, defineOp, outputOf, type Value } from '../node';
import { likeFirst } from '../rules';
import { mul } from './mul';
import { sub } from './sub';

export const sigmoidOp = defineOp({
  op: 'Sigmoid',
  infer: likeFirst,
  gradient: (node, [g]) => [mul(g!, mul(outputOf(node), sub(1, outputOf(node))))],
  examples: [
    { title: 'a matrix', inputs: [spread([2, 3], { low: -3, high: 3, batch: true })], build: (x) => sigmoid(x!) },
  ],
});

/** 1 / (1 + e⁻ˣ). */
export const sigmoid = (x: Value): Value => outputOf(createNode(sigmoidOp, [x], { T: attribute.type(x.dtype) }));
