import { z } from 'zod';
import type { ColourRule } from './colour-background';
import { balancedColour, classColour, noColour, paint, randomColour, reversedColour } from './colour-background';
import type { BuiltSplit } from './define-dataset';
import { defineDataset } from './define-dataset';
import type { Digits } from './mnist-files';
import { mnistCitation, mnistClasses, mnistFiles, mnistLicence, readMnist } from './mnist-files';
import { trainingOrder } from './order';
import { palette } from './palette';
import { dataStream } from './random';
import { takeRows } from './statistics';

const pick = (d: Digits, order: Int32Array): Digits => ({
  examples: order.length,
  ink: takeRows(d.ink, 784, order),
  labels: takeRows(d.labels, 1, order),
});

/**
 * Digits over a background colour that agrees with the class in training with probability ρ (`strength`): a spurious feature of
 * low variance, whose variance the jitter σ turns up without hiding the colour (decodability is printed for every split).
 */
export const colouredMnist = defineDataset({
  name: 'coloured-mnist',
  title: 'Coloured MNIST (background)',
  description:
    'MNIST digits in white over a background colour. In training the colour is the class’s own with probability `strength`, otherwise one of the nine others; the test sets keep, balance, reverse, randomise or remove it.',
  citation: `${mnistCitation} Coloured backgrounds as in M. Chidambaram, R. Ge, For Better or For Worse? Learning Minimum Variance Features With Label Augmentation, ICLR 2025 (arXiv 2402.06855).`,
  licence: mnistLicence,
  source: 'https://arxiv.org/abs/2402.06855',
  kind: 'image',
  parameters: z.strictObject({
    strength: z
      .number()
      .min(0)
      .max(1)
      .default(0.9)
      .describe('ρ: probability that a training background has the colour of its class.'),
    jitter: z
      .number()
      .min(0)
      .max(1)
      .default(0)
      .describe(
        'σ: standard deviation of the Gaussian offset of the colour, one an image and channel, on the scale [0, 1].',
      ),
    validation: z
      .boolean()
      .default(false)
      .describe(
        'Set a tenth of the training digits (at most 5,000) aside as the split `validation`, coloured like the training split.',
      ),
  }),
  files: mnistFiles,
  build: async ({ parameters: { strength, jitter, validation }, files, breathe = async () => {} }) => {
    const { train, test, note } = readMnist(files);
    const order = trainingOrder(train.examples, validation);

    async function split(name: string, digits: Digits, rule: ColourRule): Promise<BuiltSplit> {
      const attributes = rule(digits.labels, dataStream(`${name}/colour`));
      const { inputs, decodability } = await paint(digits, attributes, jitter, dataStream(`${name}/jitter`), breathe);
      return { name, inputs, shape: [digits.examples, 28, 28, 3], labels: digits.labels, attributes, decodability };
    }
    async function* splits() {
      yield await split('train', pick(train, order.train), classColour(strength));
      if (order.validation) yield await split('validation', pick(train, order.validation), classColour(strength));
      yield await split('test-same', test, classColour(strength));
      yield await split('test-balanced', test, balancedColour);
      yield await split('test-reversed', test, reversedColour(strength));
      yield await split('test-random', test, randomColour);
      yield await split('test-none', test, noColour);
    }
    return {
      classes: mnistClasses,
      attribute: { name: 'background', values: palette.map((p) => p.name) },
      features: null,
      inputShape: [28, 28, 3],
      note,
      splits: splits(),
    };
  },
});
