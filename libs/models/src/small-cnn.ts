import { relu } from '@minvar/graph';
import type { Value } from '@minvar/graph';
import { z } from 'zod';
import { defineModel } from './define-model';
import { conv } from './layers/conv';
import { linear } from './layers/linear';
import { norm, normalisations } from './layers/norm';
import { globalMean } from './layers/pool';

/** Three 3×3 convolutions of stride 2 with `width`, 2·`width` and 4·`width` channels, then the mean over positions: 64 features at width 16. */
export const smallCnn = defineModel({
  name: 'small-cnn',
  title: 'Small CNN',
  description: 'Three strided convolutions with normalisation and ReLU, global average pooling, one linear layer.',
  source:
    'All-convolutional form after J. Springenberg, A. Dosovitskiy, T. Brox, M. Riedmiller, Striving for simplicity, ICLR 2015 workshop, arXiv 1412.6806',
  kind: 'image',
  parameters: z.strictObject({
    width: z
      .number()
      .int()
      .min(1)
      .max(1024)
      .default(16)
      .describe('Channels of the first convolution; the penultimate layer has four times as many.'),
    normalisation: z
      .enum(normalisations)
      .default('batch')
      .describe(
        'After each convolution: by the batch, by groups of channels, by the whole layer of an example, or none (a bias instead).',
      ),
  }),
  build: ({ scope, inputs, classes, parameters: { width, normalisation } }) => {
    const stage = (i: 1 | 2 | 3, x: Value, channels: number): Value => {
      const y = conv(scope, `conv${i}`, x, { channels, stride: 2, bias: normalisation === 'none' });
      return relu(norm(scope, `bn${i}`, y, normalisation));
    };
    const first = stage(1, inputs, width);
    const second = stage(2, first, 2 * width);
    const third = stage(3, second, 4 * width);
    const penultimate = globalMean(scope, third);
    return {
      stages: [
        { name: 'stage1', value: first },
        { name: 'stage2', value: second },
        { name: 'stage3', value: third },
      ],
      penultimate,
      logits: linear(scope, 'fc', penultimate, classes, { last: true }),
    };
  },
  counts: [
    // 9·3·16+32 + 9·16·32+64 + 9·32·64+128 + 64·10+10
    { input: [28, 28, 3], classes: 10, parameters: {}, count: 24_346 },
    // group normalisation has gain and shift too: 9·2·4+8 + 9·4·8+16 + 9·8·16+32 + 16·2+2
    { input: [14, 14, 2], classes: 2, parameters: { width: 4, normalisation: 'group' }, count: 1_602 },
    // biases in place of gain and shift: 9·1·4+4 + 9·4·8+8 + 9·8·16+16 + 16·3+3
    { input: [32, 32, 1], classes: 3, parameters: { width: 4, normalisation: 'none' }, count: 1_555 },
  ],
});
