import { z } from 'zod';
import type { BinaryLayout } from './cifar-binary';
import { readCifarBinary } from './cifar-binary';
import {
  cifar100Official,
  cifarCitation,
  cifarLicence,
  cifarNote,
  cifarShape,
  cifarSource,
  neededArchive,
} from './cifar-files';
import { cifar100Classes, cifar100Superclasses, superclassOf } from './cifar100-classes';
import { defineDataset } from './define-dataset';

const layoutOf = (labels: 'fine' | 'coarse'): BinaryLayout => ({
  labelBytes: 2,
  train: ['train.bin'],
  test: 'test.bin',
  names: { 'fine_label_names.txt': cifar100Classes, 'coarse_label_names.txt': cifar100Superclasses },
  classOf: ([coarse, fine]) => {
    if (fine! >= cifar100Classes.length) return `has the fine label ${fine}, but there are only the classes 0 to 99`;
    if (coarse !== superclassOf[fine!])
      return `has the coarse label ${coarse}, but class ${fine} (${cifar100Classes[fine!]}) belongs to superclass ${superclassOf[fine!]} (${cifar100Superclasses[superclassOf[fine!]!]})`;
    return labels === 'fine' ? fine! : coarse!;
  },
});

/**
 * Natural images as published: 32×32 RGB; the training images in a fixed random order. The superclass follows from the class, so it is no
 * attribute (groups are class × attribute): `labels=coarse` makes it the class.
 */
export const cifar100 = defineDataset({
  name: 'cifar100',
  title: 'CIFAR-100',
  description:
    'Photographs of a hundred classes in twenty superclasses, 32×32 in colour, 50,000 for training and 10,000 for testing, from the official binary archive.',
  citation: cifarCitation,
  licence: cifarLicence,
  source: cifarSource,
  kind: 'image',
  parameters: z.strictObject({
    labels: z
      .enum(['fine', 'coarse'])
      .default('fine')
      .describe('fine: the hundred classes; coarse: the twenty superclasses.'),
    validation: z
      .boolean()
      .default(false)
      .describe('Set a tenth of the training images (at most 5,000) aside as the split `validation`.'),
  }),
  files: [cifar100Official],
  build: async ({ parameters: { labels, validation }, files, breathe = async () => {}, onProgress = () => {} }) => {
    const archive = neededArchive(files, cifar100Official.name);
    const { train, test, splits } = await readCifarBinary(archive, layoutOf(labels), { breathe, onProgress });
    return {
      classes: labels === 'fine' ? cifar100Classes : cifar100Superclasses,
      attribute: null,
      features: null,
      inputShape: cifarShape,
      note: cifarNote(train, test, archive.official),
      splits: splits(validation),
    };
  },
});
