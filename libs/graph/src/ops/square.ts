import { attribute } from '../attribute';
import { spread } from '../example';
import { createNode, defineOp, outputOf, type Value } from '../node';
import { likeFirst } from '../rules';
import { mul } from './mul';

export const squareOp = defineOp({
  op: 'Square',
  infer: likeFirst,
  gradient: ({ inputs: [x] }, [g]) => [mul(g!, mul(x!, 2))],
  examples: [
    { title: 'a matrix', inputs: [spread([2, 3], { low: -2, high: 2, batch: true })], build: (x) => square(x!) },
  ],
});

/** x². */
export const square = (x: Value): Value => outputOf(createNode(squareOp, [x], { T: attribute.type(x.dtype) }));
