import { z } from 'zod';
import type { BuiltSplit } from './define-dataset';
import { defineDataset } from './define-dataset';
import type { Digits } from './mnist-files';
import { mnistCitation, mnistClasses, mnistFiles, mnistLicence, readMnist } from './mnist-files';
import { trainingOrder } from './order';
import { takeRows } from './statistics';

function digitSplit(name: string, digits: Digits, order: Int32Array | null): BuiltSplit {
  const inputs = order ? takeRows(digits.ink, 784, order) : digits.ink;
  const labels = order ? takeRows(digits.labels, 1, order) : digits.labels;
  return { name, inputs, shape: [labels.length, 28, 28, 1], labels, attributes: null, decodability: null };
}

/** Handwritten digits as published: 28×28 bytes of ink, one channel; the training digits in a fixed random order. */
export const mnist = defineDataset({
  name: 'mnist',
  title: 'MNIST',
  description: 'Handwritten digits, 28×28 grey, 60,000 for training and 10,000 for testing.',
  citation: mnistCitation,
  licence: mnistLicence,
  source: 'http://yann.lecun.com/exdb/mnist/',
  kind: 'image',
  parameters: z.strictObject({
    validation: z
      .boolean()
      .default(false)
      .describe('Set a tenth of the training digits (at most 5,000) aside as the split `validation`.'),
  }),
  files: mnistFiles,
  build: async ({ parameters, files }) => {
    const { train, test, note } = readMnist(files);
    const order = trainingOrder(train.examples, parameters.validation);
    async function* splits() {
      yield digitSplit('train', train, order.train);
      if (order.validation) yield digitSplit('validation', train, order.validation);
      yield digitSplit('test', test, null);
    }
    return { classes: mnistClasses, attribute: null, features: null, inputShape: [28, 28, 1], note, splits: splits() };
  },
});
