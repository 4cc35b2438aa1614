import { z } from 'zod';
import {
  archiveOf,
  cifar10Classes,
  cifar10Jpeg,
  cifar10Official,
  cifarCitation,
  cifarLicence,
  cifarNote,
  cifarShape,
  cifarSource,
  neededArchive,
} from './cifar-files';
import type { BinaryLayout } from './cifar-binary';
import { readCifarBinary } from './cifar-binary';
import { defineDataset } from './define-dataset';
import { readImageTree } from './image-tree';

const layout: BinaryLayout = {
  labelBytes: 1,
  train: [1, 2, 3, 4, 5].map((i) => `data_batch_${i}.bin`),
  test: 'test_batch.bin',
  names: { 'batches.meta.txt': cifar10Classes },
  classOf: ([label]) =>
    label! < cifar10Classes.length ? label! : `has the label ${label}, but there are only the classes 0 to 9`,
};

/** Natural images as published: 32×32 RGB; the training images in a fixed random order. */
export const cifar10 = defineDataset({
  name: 'cifar10',
  title: 'CIFAR-10',
  description:
    'Photographs of ten classes of things and animals, 32×32 in colour, 50,000 for training and 10,000 for testing; from the official binary archive, or from JPEG copies in folders (`train/<class>`, `test/<class>`).',
  citation: cifarCitation,
  licence: cifarLicence,
  source: cifarSource,
  kind: 'image',
  parameters: z.strictObject({
    validation: z
      .boolean()
      .default(false)
      .describe('Set a tenth of the training images (at most 5,000) aside as the split `validation`.'),
  }),
  files: [cifar10Official],
  alternatives: [[cifar10Jpeg]],
  build: async ({ parameters: { validation }, files, images, breathe = async () => {}, onProgress = () => {} }) => {
    const about = { classes: cifar10Classes, attribute: null, features: null, inputShape: cifarShape };
    const jpeg = archiveOf(files, cifar10Jpeg.name);
    if (!jpeg) {
      const archive = neededArchive(files, cifar10Official.name);
      const { train, test, splits } = await readCifarBinary(archive, layout, { breathe, onProgress });
      return { ...about, note: cifarNote(train, test, archive.official), splits: splits(validation) };
    }
    const tree = await readImageTree(jpeg, {
      classes: cifar10Classes,
      side: 32,
      maxImageBytes: 65_536,
      maxPixels: 4096,
      channels: 3,
      size: null,
      images,
      breathe,
      onProgress,
    });
    const { train, test } = tree.examples;
    const whole = train === 50_000 && test === 10_000;
    const note = whole ? 'JPEG copies, not the official file' : `JPEG copies: ${cifarNote(train, test, false)}`;
    return { ...about, note, splits: tree.splits(validation) };
  },
});
