import { describe, expect, it } from 'vitest';
import { cifar10 } from './cifar10';
import { cifar10Classes, cifar10Jpeg } from './cifar-files';
import type { BuiltSplit } from './define-dataset';
import { imageFolder } from './image-folder';
import { trainingOrder } from './order';
import { completeDatasetParameters } from './parameters';
import type { DatasetDefinition } from './define-dataset';
import { openSource } from './source';
import type { Source } from './source';
import { ppm, ppmDecoder } from './testing/ppm';
import { imageMembers } from './testing/sources';
import { tarOf } from './testing/tar';
import type { TestMember } from './testing/tar';

const folder = imageFolder as unknown as DatasetDefinition;
async function build(members: readonly TestMember[], given: Record<string, unknown> = {}) {
  const parameters = completeDatasetParameters(folder, given);
  const spec = folder.ownFiles!(parameters)[0]!;
  const files = new Map<string, Source>([[spec.name, await openSource(spec, tarOf(members), 'local', 'pets.tar')]]);
  const built = await folder.build({ parameters, files, images: ppmDecoder });
  const splits: Record<string, BuiltSplit> = {};
  for await (const s of built.splits) splits[s.name] = s;
  return { built, splits };
}
const pets = imageMembers(['cat', 'dog'], 6, 4);
const flat = (value: number): Uint8Array => ppm(4, 4, () => value);
const under = (prefix: string, members: readonly TestMember[]): TestMember[] =>
  members.map((m) => ({ ...m, name: `${prefix}${m.name}` }));

describe('a folder a class', () => {
  it('gives classes by name, the test images by class and name, the training images in their fixed order', async () => {
    const { built, splits } = await build(pets);
    expect(built.classes).toEqual(['cat', 'dog']);
    expect(built.inputShape).toEqual([4, 4, 3]);
    expect(built.note).toBe('12 training and 12 test images of 2 classes from pets.tar');
    expect([...splits['test']!.labels]).toEqual([0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1]);
    // the first pixel says which image it is: 50·split + 20·class + 5·index
    const firstPixels = (s: BuiltSplit): number[] => Array.from(s.labels, (_, i) => s.inputs[48 * i]!);
    const inOrder = [0, 1].flatMap((k) => Array.from({ length: 6 }, (_, i) => 20 * k + 5 * i));
    expect(firstPixels(splits['test']!)).toEqual(inOrder.map((p) => 50 + p));
    expect(firstPixels(splits['train']!)).toEqual([...trainingOrder(12, false).train].map((i) => inOrder[i]));
    expect([...splits['train']!.labels]).toEqual([...trainingOrder(12, false).train].map((i) => (i < 6 ? 0 : 1)));
  });

  it('is the same whatever the order of the archive, with a folder around it, hidden files and a README', async () => {
    const { splits } = await build(pets);
    const more = [
      { name: 'README.md', data: Buffer.from('x') },
      { name: 'train/cat/._0001.png', data: Buffer.from('x') },
    ];
    for (const members of [[...pets].reverse(), under('my-pets/', pets), under('./', pets), [...more, ...pets]])
      expect((await build(members)).splits).toEqual(splits);
  });

  it('keeps validation images of its own, and sets some aside when asked', async () => {
    const own = [...pets, ...['cat', 'dog'].map((c) => ({ name: `validation/${c}/a.png`, data: flat(7) }))];
    expect([...(await build(own)).splits['validation']!.labels]).toEqual([0, 1]);
    const { splits } = await build(pets, { validation: true });
    expect([splits['train']!.labels.length, splits['validation']!.labels.length]).toEqual([11, 1]);
    await expect(build(own, { validation: true })).rejects.toThrow(/it has validation images of its own/);
  });

  it('takes one channel when asked', async () => {
    const { built, splits } = await build(pets, { colour: false });
    expect([built.inputShape, splits['test']!.shape]).toEqual([
      [4, 4, 1],
      [12, 4, 4, 1],
    ]);
  });

  const add = (...members: TestMember[]): TestMember[] => [...pets, ...members];
  const replaced = (name: string, data: Uint8Array): TestMember[] =>
    pets.map((m) => (m.name === name ? { name, data } : m));
  it.each([
    [
      'an image that cannot be decoded',
      replaced('train/dog/0003.png', Buffer.from('GIF89a')),
      /^pets\.tar, offset \d+: 'train\/dog\/0003\.png' can't be decoded: it is no PPM\. Replace the image/,
    ],
    [
      'an image of another size',
      replaced(
        'test/dog/0003.png',
        ppm(4, 5, () => 1),
      ),
      /^pets\.tar, offset \d+: 'test\/dog\/0003\.png' has 4×5 pixels, but 'train\/cat\/0000\.png' has 4×4\. Set the parameter size/,
    ],
    [
      'an image of too many pixels',
      replaced('train/cat/0000.png', Buffer.from('P6\n90000 90000\n255\n')),
      /'train\/cat\/0000\.png' can't be decoded: it has more than 16777216 pixels/,
    ],
    [
      'a file that is no image',
      add({ name: 'train/cat/notes.txt', data: Buffer.from('x') }),
      /^pets\.tar, offset \d+: 'train\/cat\/notes\.txt' is no image \(\.jpg, \.png\)/,
    ],
    [
      'a folder in a class',
      add({ name: 'train/cat/young/' }),
      /'train\/cat\/young\/?' is a folder inside that of a class/,
    ],
    [
      'an image in a folder of a class',
      add({ name: 'train/cat/young/1.png', data: flat(1) }),
      /'train\/cat\/young\/1\.png' is not in the folder of a class/,
    ],
    [
      'an image without a class',
      add({ name: 'train/1.png', data: flat(1) }),
      /'train\/1\.png' is not in the folder of a class/,
    ],
    ['a class without images', add({ name: 'train/eel/' }), /^pets\.tar: train\/eel holds no image/],
    [
      'a class that is only tested',
      add({ name: 'test/eel/1.png', data: flat(1) }),
      /^pets\.tar: test\/eel is a class without training images/,
    ],
    [
      'a class that is not tested',
      add({ name: 'train/eel/1.png', data: flat(1) }),
      /^pets\.tar: test\/eel holds no image/,
    ],
    ['no test images', pets.filter((m) => m.name.startsWith('train')), /^pets\.tar: test\/cat holds no image/],
    [
      'no images at all',
      [{ name: 'Train/cat/1.png', data: flat(1) }],
      /^pets\.tar: it holds 0 classes of training images/,
    ],
    ['images in two places', add(...under('copy/', pets)), /is in another folder than the images before it/],
    ['a link for an image', add({ name: 'train/cat/9.png', type: '2' }), /'train\/cat\/9\.png' is a symbolic link/],
    [
      'too many classes',
      add(...Array.from({ length: 999 }, (_, i) => ({ name: `train/c${i}/` }))),
      /is in one class more than the 1000/,
    ],
  ] satisfies [string, TestMember[], RegExp][])('with %s is refused', async (_, members, message) => {
    await expect(build(members)).rejects.toThrow(message);
  });

  it('names the first bad image of the archive, whichever is decoded first', async () => {
    const bad = pets.map((m, i) => (i === 4 || i === 6 ? { ...m, data: Buffer.from(`bad ${i}`) } : m));
    for (let i = 0; i < 5; i++) await expect(build(bad)).rejects.toThrow(/'train\/cat\/0004\.png' can't be decoded/);
  });

  it.each(['/etc', '../x', 'a/../../b', 'a\\b', ''])('a name like %j is no parameter', (archive) => {
    expect(() => completeDatasetParameters(folder, { archive })).toThrow(/dataset 'image-folder': archive is/);
  });
});

describe('JPEG copies of CIFAR-10', () => {
  const build10 = async (members: readonly TestMember[]) => {
    const files = new Map([[cifar10Jpeg.name, await openSource(cifar10Jpeg, tarOf(members), 'local')]]);
    const built = await cifar10.build({ parameters: { validation: false }, files, images: ppmDecoder });
    const splits: BuiltSplit[] = [];
    for await (const s of built.splits) splits.push(s);
    return { built, splits };
  };
  it('have the official classes by name, and say that they are copies', async () => {
    const { built, splits } = await build10(imageMembers([...cifar10Classes].reverse(), 1, 32));
    expect(built.classes).toEqual(cifar10Classes);
    // imageMembers numbers classes in its own order: truck first
    expect(Array.from(splits[1]!.labels, (_, i) => splits[1]!.inputs[3072 * i])).toEqual(
      Array.from({ length: 10 }, (_, k) => 50 + 20 * (9 - k)),
    );
    expect(built.note).toBe('JPEG copies: 10 of 50,000 training and 10 of 10,000 test images, not the official file');
  });
  it('with a folder that is no class, or images of another size, are refused', async () => {
    await expect(build10(imageMembers(['car', ...cifar10Classes], 1, 32))).rejects.toThrow(
      /^cifar10-jpeg\.tar\.gz, offset 512: 'train\/car\/0000\.png' is in a folder that is no class \(the classes are airplane,/,
    );
    await expect(build10(imageMembers(cifar10Classes, 1, 31))).rejects.toThrow(
      /'train\/airplane\/0000\.png' has 31×31 pixels, but every image of this dataset has 32×32/,
    );
  });
});
