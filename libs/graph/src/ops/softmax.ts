import { attribute } from '../attribute';
import { spread } from '../example';
import { createNode, defineOp, outputOf, type Value } from '../node';
import { likeFirst } from '../rules';
import { mul } from './mul';
import { sub } from './sub';
import { reduceSum } from './sum';

export const softmaxOp = defineOp({
  op: 'Softmax',
  infer: likeFirst,
  gradient: (node, [g]) => {
    const y = outputOf(node);
    return [mul(y, sub(g!, reduceSum(mul(g!, y), [-1], { keepDims: true })))];
  },
  examples: [
    { title: 'a matrix', inputs: [spread([2, 3], { low: -2, high: 2, batch: true })], build: (x) => softmax(x!) },
  ],
});

/** Softmax over the last axis. */
export const softmax = (x: Value): Value => outputOf(createNode(softmaxOp, [x], { T: attribute.type(x.dtype) }));
