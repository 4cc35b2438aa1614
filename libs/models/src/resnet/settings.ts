import { z } from 'zod';
import { normalisations } from '../layers/norm';

/** Settings of every ResNet. */
export const resnetSettings = z.strictObject({
  width: z
    .number()
    .int()
    .min(1)
    .max(1024)
    .default(64)
    .describe(
      'Channels of the stem and of the first stage; 64 is the published network. Each later stage has twice as many.',
    ),
  stem: z
    .enum(['cifar', 'imagenet'])
    .default('cifar')
    .describe('First convolution: 3×3 at stride 1, or 7×7 at stride 2 followed by 3×3 max pooling at stride 2.'),
  normalisation: z
    .enum(normalisations)
    .default('batch')
    .describe(
      'After each convolution: by the batch, by groups of channels (32 or fewer, so that each has two or more), by the whole layer of an example, or none (biases instead, and residual branches that begin at zero).',
    ),
});

export type ResnetSettings = z.output<typeof resnetSettings>;
