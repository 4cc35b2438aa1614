import { attribute } from '../attribute';
import { spread } from '../example';
import { createNode, defineOp, outputOf, type Value } from '../node';
import { likeFirst } from '../rules';
import { mul } from './mul';
import { sign } from './sign';

export const absOp = defineOp({
  op: 'Abs',
  infer: likeFirst,
  gradient: ({ inputs: [x] }, [g]) => [mul(g!, sign(x!))],
  examples: [{ title: 'a matrix', inputs: [spread([2, 3], { low: -2, high: 2, batch: true })], build: (x) => abs(x!) }],
});

/** |x|; derivative 0 at 0. */
export const abs = (x: Value): Value => outputOf(createNode(absOp, [x], { T: attribute.type(x.dtype) }));
