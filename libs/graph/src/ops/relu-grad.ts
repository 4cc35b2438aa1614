import { attribute } from '../attribute';
import { spread } from '../example';
import { createNode, defineOp, outputOf, type Value } from '../node';
import { likeFirst } from '../rules';

export const reluGradOp = defineOp({
  op: 'ReluGrad',
  infer: likeFirst,
  gradient: ({ inputs: [, features] }, [g]) => [reluGrad(g!, features!), null],
  examples: [
    {
      title: 'a matrix',
      fixed: [1],
      inputs: [spread([2, 3], { batch: true }), spread([2, 3], { skip: 6, batch: true })],
      build: (g, x) => reluGrad(g!, x!),
    },
  ],
});

/** The gradient where the feature is positive, else 0. */
export const reluGrad = (gradient: Value, features: Value): Value =>
  outputOf(createNode(reluGradOp, [gradient, features], { T: attribute.type(gradient.dtype) }));
