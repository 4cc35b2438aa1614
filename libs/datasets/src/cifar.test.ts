import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { cifar10 } from './cifar10';
import { cifar10Classes, cifar10Official, cifar100Official } from './cifar-files';
import { cifar100 } from './cifar100';
import { cifar100Classes, cifar100Superclasses, superclassOf } from './cifar100-classes';
import type { BuiltDataset, BuiltSplit } from './define-dataset';
import { trainingOrder } from './order';
import { openSource } from './source';
import type { ArchiveFile, Source } from './source';
import { cifar10Members, cifar100Members, cifarRecords, testPixel } from './testing/cifar';
import { tarOf } from './testing/tar';
import type { TestMember } from './testing/tar';

const given = async (spec: ArchiveFile, members: readonly TestMember[]): Promise<Map<string, Source>> =>
  new Map([[spec.name, await openSource(spec, gzipSync(tarOf(members)), 'local')]]);

async function whole(built: BuiltDataset): Promise<Record<string, BuiltSplit>> {
  const splits: Record<string, BuiltSplit> = {};
  for await (const s of built.splits) splits[s.name] = s;
  return splits;
}
const build10 = async (members: readonly TestMember[], validation = false) => {
  const built = await cifar10.build({ parameters: { validation }, files: await given(cifar10Official, members) });
  return { built, splits: await whole(built) };
};
const build100 = async (members: readonly TestMember[], labels: 'fine' | 'coarse' = 'fine') => {
  const parameters = { labels, validation: false };
  const built = await cifar100.build({ parameters, files: await given(cifar100Official, members) });
  return { built, splits: await whole(built) };
};

/** Row `row` of a split is image `i` of the archive. */
function expectImage(split: BuiltSplit, row: number, i: number): void {
  const pixels = Uint8Array.from({ length: 3072 }, (_, at) =>
    testPixel(i, Math.floor(at / 96), Math.floor((at % 96) / 3), at % 3),
  );
  expect(Buffer.from(split.inputs.slice(row * 3072, (row + 1) * 3072) as Uint8Array)).toEqual(Buffer.from(pixels));
}
const changed = (members: TestMember[], name: string, change: (m: TestMember) => TestMember): TestMember[] =>
  members.map((m) => (m.name.endsWith(name) ? change(m) : m));
const without = (members: TestMember[], name: string): TestMember[] => members.filter((m) => !m.name.endsWith(name));

describe('the official binary archive of CIFAR-10', () => {
  it('gives every image in its place: planes become channels, batches follow their numbers, not the archive', async () => {
    const { splits } = await build10(cifar10Members(5));
    const { train } = trainingOrder(25, false);
    expect([splits['train']!.shape, splits['test']!.shape]).toEqual([
      [25, 32, 32, 3],
      [5, 32, 32, 3],
    ]);
    train.forEach((i, row) => {
      expect(splits['train']!.labels[row]).toBe(i % 10);
      expectImage(splits['train']!, row, i);
    });
    for (let i = 0; i < 5; i++) {
      expect(splits['test']!.labels[i]).toBe((25 + i) % 10);
      expectImage(splits['test']!, i, 25 + i);
    }
  });

  it('sets the last tenth of the training order aside for validation', async () => {
    const { splits } = await build10(cifar10Members(4), true);
    const order = trainingOrder(20, true);
    expect(Object.keys(splits)).toEqual(['train', 'validation', 'test']);
    order.train.forEach((i, row) => expectImage(splits['train']!, row, i));
    order.validation!.forEach((i, row) => expectImage(splits['validation']!, row, i));
  });

  it('is called what it is, and counts its progress to the end', async () => {
    const seen = new Map<string, number[]>();
    const built = await cifar10.build({
      parameters: { validation: false },
      files: await given(cifar10Official, cifar10Members(3)),
      onProgress: (phase, done, total) => seen.set(phase, [done, total]),
    });
    expect(built.note).toBe('15 of 50,000 training and 3 of 10,000 test images, not the official file');
    expect(built.classes).toEqual(cifar10Classes);
    await whole(built);
    expect([...seen]).toEqual([
      ['reading train', [15 * 3072, 15 * 3072]],
      ['reading test', [3 * 3072, 3 * 3072]],
    ]);
  });

  it('stops where it is told to', async () => {
    let steps = 0;
    const breathe = async (): Promise<void> => {
      if (++steps > 12) throw new Error('stopped');
    };
    const files = await given(cifar10Official, cifar10Members(3));
    const built = await cifar10.build({ parameters: { validation: false }, files, breathe });
    await expect(whole(built)).rejects.toThrow('stopped');
  });

  const members = cifar10Members(4);
  const cut = (m: TestMember): TestMember => ({ ...m, data: m.data!.subarray(0, 3 * 3073 + 100) });
  const mislabelled = (m: TestMember): TestMember => ({
    ...m,
    data: Uint8Array.from(m.data!, (b, i) => (i === 2 * 3073 ? 10 : b)),
  });
  // headers and data before data_batch_1: two headers of 512 bytes
  const first = 1024;
  it.each([
    [
      'a record that is cut',
      changed(members, 'batch_1.bin', cut),
      new RegExp(
        `^cifar-10-binary\\.tar\\.gz, offset ${first + 3 * 3073}: cifar-10-batches-bin/data_batch_1\\.bin: 100 bytes follow the last whole record of 3073 bytes`,
      ),
    ],
    [
      'a label that is no class',
      changed(members, 'batch_1.bin', mislabelled),
      new RegExp(
        `^cifar-10-binary\\.tar\\.gz, offset ${first + 2 * 3073}: cifar-10-batches-bin/data_batch_1\\.bin: record 2 has the label 10`,
      ),
    ],
    [
      'records of CIFAR-100',
      changed(members, 'batch_1.bin', (m) => ({ ...m, data: cifarRecords(4, () => [1, 2]) })),
      /data_batch_1\.bin: 4 bytes follow/,
    ],
    [
      'a batch without records',
      changed(members, 'batch_3.bin', (m) => ({ ...m, data: new Uint8Array(0) })),
      /data_batch_3\.bin: it holds 0 records/,
    ],
    [
      'a missing batch',
      without(without(members, 'batch_2.bin'), 'test_batch.bin'),
      /the archive lacks data_batch_2\.bin, test_batch\.bin/,
    ],
    [
      'a batch in two places',
      [...members, { ...members[1]!, name: 'copy/data_batch_1.bin' }],
      /copy\/data_batch_1\.bin: the archive holds 'data_batch_1\.bin' twice/,
    ],
    [
      'names in another order',
      changed(members, 'meta.txt', (m) => ({ ...m, data: Buffer.from([...cifar10Classes].reverse().join('\n')) })),
      /batches\.meta\.txt: class 0 is 'truck' instead of 'airplane'/,
    ],
    [
      'a name too many',
      changed(members, 'meta.txt', (m) => ({ ...m, data: Buffer.from([...cifar10Classes, 'tree'].join('\n')) })),
      /it names 11 classes instead of 10/,
    ],
    [
      'a link in place of a batch',
      changed(members, 'batch_5.bin', (m) => ({ name: m.name, type: '2' })),
      /'cifar-10-batches-bin\/data_batch_5\.bin' is a symbolic link/,
    ],
    [
      'a pickle',
      [{ name: 'data_batch_1', data: Buffer.from('\x80\x04cposix\nsystem\n.') }],
      /the archive lacks data_batch_1\.bin, .*test_batch\.bin/,
    ],
  ] satisfies [string, TestMember[], RegExp][])('with %s is refused', async (_, bad, message) => {
    await expect(build10(bad)).rejects.toThrow(message);
  });
});

describe('the official binary archive of CIFAR-100', () => {
  it('gives fine labels by default, superclasses when asked, and the same images', async () => {
    const fine = await build100(cifar100Members(120, 20));
    const coarse = await build100(cifar100Members(120, 20), 'coarse');
    const { train } = trainingOrder(120, false);
    train.forEach((i, row) => {
      expect(fine.splits['train']!.labels[row]).toBe(i % 100);
      expect(coarse.splits['train']!.labels[row]).toBe(superclassOf[i % 100]);
    });
    expectImage(fine.splits['train']!, 7, train[7]!);
    expectImage(fine.splits['test']!, 3, 123);
    expect(coarse.splits['test']!.inputs).toEqual(fine.splits['test']!.inputs);
    expect([fine.built.classes.length, coarse.built.classes.length]).toEqual([100, 20]);
    expect(fine.built.classes.slice(0, 3)).toEqual(['apple', 'aquarium_fish', 'baby']);
    expect(fine.built.note).toBe('120 of 50,000 training and 20 of 10,000 test images, not the official file');
  });

  it('knows the superclass of each class as the labels of the archive have it', () => {
    // coarse label by fine label, read off the records by others: continuum's cifar100_coarse_labels and many more
    const published = [
      4, 1, 14, 8, 0, 6, 7, 7, 18, 3, 3, 14, 9, 18, 7, 11, 3, 9, 7, 11, 6, 11, 5, 10, 7, 6, 13, 15, 3, 15, 0, 11, 1, 10,
      12, 14, 16, 9, 11, 5, 5, 19, 8, 8, 15, 13, 14, 17, 18, 10, 16, 4, 17, 4, 2, 0, 17, 4, 18, 17, 10, 3, 2, 12, 12,
      16, 12, 1, 9, 19, 2, 10, 0, 1, 16, 12, 9, 13, 15, 13, 16, 19, 2, 4, 6, 19, 5, 5, 8, 19, 18, 1, 2, 15, 6, 0, 17, 8,
      14, 13,
    ];
    expect(superclassOf).toEqual(published);
    expect(new Set(cifar100Classes).size).toBe(100);
    expect([...cifar100Superclasses].sort()).toEqual(cifar100Superclasses);
  });

  const spoilt = (labels: number[]): TestMember[] =>
    changed(cifar100Members(3, 2), 'train.bin', (m) => ({
      ...m,
      data: Uint8Array.from(m.data!, (b, i) => (i >= 3074 && i < 3076 ? labels[i - 3074]! : b)),
    }));
  it.each([
    [
      'a coarse label that does not fit the fine one',
      spoilt([3, 1]),
      /^cifar-100-binary\.tar\.gz, offset \d+: cifar-100-binary\/train\.bin: record 1 has the coarse label 3, but class 1 \(aquarium_fish\) belongs to superclass 1 \(fish\)/,
    ],
    ['a fine label that is no class', spoilt([1, 100]), /record 1 has the fine label 100/],
    [
      'a foreign list of names',
      changed(cifar100Members(3, 2), 'fine_label_names.txt', (m) => ({ ...m, data: Buffer.from('apple\nbaby\n') })),
      /fine_label_names\.txt: class 1 is 'baby' instead of 'aquarium_fish'/,
    ],
  ] satisfies [string, TestMember[], RegExp][])('with %s is refused', async (_, bad, message) => {
    await expect(build100(bad)).rejects.toThrow(message);
  });
});
