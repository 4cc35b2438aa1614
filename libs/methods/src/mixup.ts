import { z } from 'zod';
import { crossEntropy, mixPairs, oneHotTargets, unsmoothed } from './blocks';
import { defineMethod } from './define-method';

/**
 * Mixup: inputs λx_i + (1 − λ)x_π(i) and targets λe_yi + (1 − λ)e_yπ(i), λ ~ Beta(a, a), π a random permutation of the batch.
 * λ and π come from forks of the step's `mix` stream, so neither moves the other.
 */
export const mixup = defineMethod({
  name: 'mixup',
  title: 'Mixup',
  description: 'Trains on convex combinations of pairs of examples and of their labels.',
  source:
    'H. Zhang, M. Cisse, Y. Dauphin, D. Lopez-Paz, mixup: Beyond empirical risk minimization, ICLR 2018, arXiv 1710.09412',
  parameters: z.strictObject({
    alpha: z.number().min(0).max(1000).default(1).describe('a: λ ~ Beta(a, a); 0 means λ = 1, which is ERM.'),
    lambda: z
      .enum(['batch', 'example'])
      .default('batch')
      .describe('One λ for the whole batch, or one for each example.'),
  }),
  neutral: { alpha: 0, lambda: 'batch' },
  smoothing: unsmoothed,
  fed: () => ({}),
  draw: ({ alpha, lambda }, examples, random) => {
    const values = random.fork('lambda');
    const one = (): number => (alpha === 0 ? 1 : values.beta(alpha, alpha));
    return {
      lambda:
        lambda === 'batch' ? new Float32Array(examples).fill(one()) : Float32Array.from({ length: examples }, one),
      partner: random.fork('partner').permutation(examples),
    };
  },
  inputs: (batch) => mixPairs(batch, batch.inputs),
  targets: (batch) => mixPairs(batch, oneHotTargets(batch)),
  loss: crossEntropy,
});
