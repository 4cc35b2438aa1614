import { attribute } from '../attribute';
import { spread } from '../example';
import { createNode, defineOp, outputOf, type Value } from '../node';
import { likeFirst } from '../rules';
import { exp } from './exp';
import { mul } from './mul';
import { sub } from './sub';
import { reduceSum } from './sum';

export const logSoftmaxOp = defineOp({
  op: 'LogSoftmax',
  infer: likeFirst,
  gradient: (node, [g]) => [sub(g!, mul(exp(outputOf(node)), reduceSum(g!, [-1], { keepDims: true })))],
  examples: [
    { title: 'a matrix', inputs: [spread([2, 3], { low: -2, high: 2, batch: true })], build: (x) => logSoftmax(x!) },
  ],
});

/** Logarithm of the softmax over the last axis. */
export const logSoftmax = (x: Value): Value => outputOf(createNode(logSoftmaxOp, [x], { T: attribute.type(x.dtype) }));
