import { attribute } from '../attribute';
import { spread } from '../example';
import { createNode, defineOp, outputOf, type Value } from '../node';
import { likeFirst } from '../rules';
import { div } from './div';

export const logOp = defineOp({
  op: 'Log',
  infer: likeFirst,
  gradient: ({ inputs: [x] }, [g]) => [div(g!, x!)],
  examples: [
    { title: 'a matrix', inputs: [spread([2, 3], { low: 0.1, high: 4, batch: true })], build: (x) => log(x!) },
  ],
});

/** Natural logarithm. */
export const log = (x: Value): Value => outputOf(createNode(logOp, [x], { T: attribute.type(x.dtype) }));
