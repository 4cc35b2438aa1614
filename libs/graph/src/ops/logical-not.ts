import { given } from '../example';
import { createNode, defineOp, outputOf, type Value } from '../node';
import { likeFirst } from '../rules';

export const logicalNotOp = defineOp({
  op: 'LogicalNot',
  infer: likeFirst,
  gradient: { none: 'its output is not a number' },
  examples: [
    { title: 'both cases', inputs: [given([2], [0, 1], { dtype: 'bool', batch: true })], build: (a) => logicalNot(a!) },
  ],
});

/** Not, of booleans. */
export const logicalNot = (a: Value): Value => outputOf(createNode(logicalNotOp, [a]));
