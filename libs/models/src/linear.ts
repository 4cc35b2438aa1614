import { z } from 'zod';
import { defineModel } from './define-model';
import { flatten } from './layers/flatten';
import { linear as layer } from './layers/linear';

/** z = W x, no bias; K weight vectors, two for two classes. The penultimate activation is the input itself. */
export const linear = defineModel({
  name: 'linear',
  title: 'Linear',
  description: 'One weight vector a class on the flattened input, no bias.',
  source: 'The model of the theory: Chidambaram & Ge, arXiv 2402.06855',
  kind: 'any',
  parameters: z.strictObject({}),
  build: ({ scope, inputs, classes }) => {
    const x = flatten(inputs);
    return { stages: [], penultimate: x, logits: layer(scope, 'fc', x, classes, { bias: false, last: true }) };
  },
  counts: [
    { input: [2], classes: 2, parameters: {}, count: 4 },
    { input: [28, 28, 1], classes: 10, parameters: {}, count: 7840 },
  ],
});
