import { attribute } from '../attribute';
import { spread } from '../example';
import { createNode, defineOp, outputOf, type Value } from '../node';
import { likeFirst } from '../rules';
import { div } from './div';
import { mul } from './mul';

export const sqrtOp = defineOp({
  op: 'Sqrt',
  infer: likeFirst,
  gradient: (node, [g]) => [div(mul(g!, 0.5), outputOf(node))],
  examples: [
    { title: 'a matrix', inputs: [spread([2, 3], { low: 0.1, high: 4, batch: true })], build: (x) => sqrt(x!) },
  ],
});

/** √x; its derivative at 0 is infinite. */
export const sqrt = (x: Value): Value => outputOf(createNode(sqrtOp, [x], { T: attribute.type(x.dtype) }));
