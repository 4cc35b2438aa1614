import { attribute } from '../attribute';
import { spread } from '../example';
import { createNode, defineOp, outputOf, type Value } from '../node';
import { likeFirst } from '../rules';

export const stopGradientOp = defineOp({
  op: 'StopGradient',
  infer: likeFirst,
  gradient: { none: 'holds x constant: that is its purpose' },
  examples: [
    { title: 'a matrix', inputs: [spread([2, 3], { low: -2, high: 2, batch: true })], build: (x) => stopGradient(x!) },
  ],
});

/** x, taken as constant by derivatives. */
export const stopGradient = (x: Value): Value =>
  outputOf(createNode(stopGradientOp, [x], { T: attribute.type(x.dtype) }));
