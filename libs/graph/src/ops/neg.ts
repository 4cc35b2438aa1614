import { attribute } from '../attribute';
import { spread } from '../example';
import { createNode, defineOp, outputOf, type Value } from '../node';
import { likeFirst } from '../rules';

export const negOp = defineOp({
  op: 'Neg',
  infer: likeFirst,
  gradient: (_node, [g]) => [neg(g!)],
  examples: [{ title: 'a vector', inputs: [spread([5], { batch: true })], build: (x) => neg(x!) }],
});

/** −x. */
export const neg = (x: Value): Value => outputOf(createNode(negOp, [x], { T: attribute.type(x.dtype) }));
