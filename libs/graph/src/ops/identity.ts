import { attribute } from '../attribute';
import { spread } from '../example';
import { createNode, defineOp, outputOf, type Node, type Value } from '../node';
import { likeFirst } from '../rules';

export const identityOp = defineOp({
  op: 'Identity',
  infer: likeFirst,
  gradient: (_node, [g]) => [g!],
  examples: [{ title: 'a matrix', inputs: [spread([2, 3], { batch: true })], build: (x) => identity(x!) }],
});

/** x, handed on only after the given nodes have run. */
export const identity = (x: Value, { after = [] }: { readonly after?: readonly Node[] } = {}): Value =>
  outputOf(createNode(identityOp, [x], { T: attribute.type(x.dtype) }, { after }));
