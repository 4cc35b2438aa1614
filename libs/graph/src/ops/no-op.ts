import { createNode, defineOp, type Node } from '../node';

export const noOpOp = defineOp({
  op: 'NoOp',
  infer: () => [],
  gradient: { none: 'has no output' },
  examples: { none: 'has no output' },
});

/** Does nothing, after the given nodes: one control edge instead of many. */
export const noOp = (after: readonly Node[]): Node => createNode(noOpOp, [], {}, { after });
