import { z } from 'zod';
import { neededArchive } from './cifar-files';
import { defineDataset } from './define-dataset';
import { readImageTree } from './image-tree';
import type { ArchiveFile } from './source';

const ownArchive = (name: string): ArchiveFile => ({
  kind: 'archive',
  name,
  unpackedNames: ['.tar.gz', '.tgz', '.tar'].map((ending) => `${name}${ending}`),
  published: null,
  maxContentBytes: 2 ** 33,
  maxMembers: 500_000,
  urls: [],
  bundled: null,
});

/** Anybody's images, in a folder a class, as torchvision's ImageFolder has them. */
export const imageFolder = defineDataset({
  name: 'image-folder',
  title: 'Image folder',
  description:
    'Images of your own in a folder a class: `train/<class>/*.jpg` or `.png`, `test/<class>/…` and, if wanted, `validation/<class>/…`; a folder, `.tar` or `.tar.gz` below `--data`, or an upload. Classes are numbered by name.',
  citation: 'none: data brought along',
  licence: 'as stated by whoever brought the images',
  source: 'https://docs.pytorch.org/vision/stable/generated/torchvision.datasets.ImageFolder.html',
  kind: 'image',
  parameters: z.strictObject({
    archive: z
      .string()
      .min(1)
      .max(200)
      .regex(/^(?!\/)(?!.*(?:^|\/)\.\.(?:\/|$))[^\\\p{Cc}]+$/u, 'a name below --data, without ..')
      .default('image-folder')
      .describe('Name of the folder or archive below --data, the ending may be left out.'),
    size: z
      .number()
      .int()
      .min(4)
      .max(512)
      .nullable()
      .default(null)
      .describe(
        'Side of the square that the middle of every image is scaled to (Lanczos); null: all have one size already.',
      ),
    colour: z.boolean().default(true).describe('Three channels (RGB); false: one (grey).'),
    validation: z
      .boolean()
      .default(false)
      .describe('Set a tenth of the training images (at most 5,000) aside as the split `validation`.'),
  }),
  files: [],
  ownFiles: ({ archive }) => [ownArchive(archive)],
  build: async ({ parameters, files, images, breathe = async () => {}, onProgress = () => {} }) => {
    const archive = neededArchive(files, parameters.archive);
    const tree = await readImageTree(archive, {
      classes: null,
      side: null,
      maxImageBytes: 2 ** 25,
      maxPixels: 2 ** 24,
      channels: parameters.colour ? 3 : 1,
      size: parameters.size,
      images,
      breathe,
      onProgress,
    });
    const n = (x: number): string => x.toLocaleString('en-US');
    return {
      classes: tree.classes,
      attribute: null,
      features: null,
      inputShape: tree.inputShape,
      note: `${n(tree.examples.train)} training and ${n(tree.examples.test)} test images of ${n(tree.classes.length)} classes from ${archive.file}`,
      splits: tree.splits(parameters.validation),
    };
  },
});
