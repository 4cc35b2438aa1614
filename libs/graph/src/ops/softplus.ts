import { attribute } from '../attribute';
import { spread } from '../example';
import { createNode, defineOp, outputOf, type Value } from '../node';
import { likeFirst } from '../rules';
import { mul } from './mul';
import { sigmoid } from './sigmoid';

export const softplusOp = defineOp({
  op: 'Softplus',
  infer: likeFirst,
  gradient: ({ inputs: [x] }, [g]) => [mul(g!, sigmoid(x!))],
  examples: [
    { title: 'a matrix', inputs: [spread([2, 3], { low: -3, high: 3, batch: true })], build: (x) => softplus(x!) },
  ],
});

/** log(1 + eˣ), without overflow. */
export const softplus = (x: Value): Value => outputOf(createNode(softplusOp, [x], { T: attribute.type(x.dtype) }));
