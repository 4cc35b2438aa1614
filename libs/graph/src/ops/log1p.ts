import { attribute } from '../attribute';
import { spread } from '../example';
import { createNode, defineOp, outputOf, type Value } from '../node';
import { likeFirst } from '../rules';
import { add } from './add';
import { div } from './div';

export const log1pOp = defineOp({
  op: 'Log1p',
  infer: likeFirst,
  gradient: ({ inputs: [x] }, [g]) => [div(g!, add(x!, 1))],
  examples: [
    { title: 'a matrix', inputs: [spread([2, 3], { low: -0.5, high: 2, batch: true })], build: (x) => log1p(x!) },
  ],
});

/** log(1 + x), exact near 0. */
export const log1p = (x: Value): Value => outputOf(createNode(log1pOp, [x], { T: attribute.type(x.dtype) }));
