import { relu } from '@minvar/graph';
import { z } from 'zod';
import { defineModel } from './define-model';
import { flatten } from './layers/flatten';
import { linear } from './layers/linear';

/** Two hidden layers of `width` rectified units. */
export const mlp = defineModel({
  name: 'mlp',
  title: 'MLP',
  description: 'Two fully connected hidden layers with ReLU.',
  source: 'D. Rumelhart, G. Hinton, R. Williams, Learning representations by back-propagating errors, Nature 323, 1986',
  kind: 'any',
  parameters: z.strictObject({
    width: z.number().int().min(1).max(8192).default(128).describe('Units of each hidden layer.'),
  }),
  build: ({ scope, inputs, classes, parameters: { width } }) => {
    const first = relu(linear(scope, 'fc1', flatten(inputs), width));
    const second = relu(linear(scope, 'fc2', first, width));
    return {
      stages: [
        { name: 'hidden1', value: first },
        { name: 'hidden2', value: second },
      ],
      penultimate: second,
      logits: linear(scope, 'fc', second, classes, { last: true }),
    };
  },
  counts: [
    // 2·16+16 + 16·16+16 + 16·2+2
    { input: [2], classes: 2, parameters: { width: 16 }, count: 354 },
    // 784·128+128 + 128·128+128 + 128·10+10
    { input: [28, 28, 1], classes: 10, parameters: {}, count: 118_282 },
  ],
});
