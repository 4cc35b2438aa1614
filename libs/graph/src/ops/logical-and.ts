import { given } from '../example';
import { createNode, defineOp, outputOf, type Value } from '../node';
import { elementwise } from '../rules';

const bools = (values: readonly number[], batch: boolean) => given([values.length], values, { dtype: 'bool', batch });

export const logicalAndOp = defineOp({
  op: 'LogicalAnd',
  infer: elementwise('logicalAnd', 'bool'),
  gradient: { none: 'its output is not a number' },
  examples: [
    {
      title: 'all four cases',
      inputs: [bools([0, 0, 1, 1], true), bools([0, 1, 0, 1], true)],
      build: (a, b) => logicalAnd(a!, b!),
    },
  ],
});

/** And of booleans. */
export const logicalAnd = (a: Value, b: Value): Value => outputOf(createNode(logicalAndOp, [a, b]));
