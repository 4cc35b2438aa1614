import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { decodeNpy } from '@minvar/contracts';
import type { DatasetManifest } from '@minvar/contracts';
import { cifar100Members, cifar10Members, tarMembers, tarOf } from '@minvar/datasets/testing';
import type { TestMember } from '@minvar/datasets/testing';
import { createFolderStore } from '@minvar/service-kit';
import type { ObjectStore } from '@minvar/service-kit';
import sharp from 'sharp';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ingest } from './ingest';
import type { IngestOptions } from './ingest';
import { versionPrefix } from './store-version';

const classes = ['airplane', 'automobile', 'bird', 'cat', 'deer', 'dog', 'frog', 'horse', 'ship', 'truck'];
let jpegs: TestMember[];
let pngs: TestMember[];

/** One image a class and split, of a colour that says which. */
async function pictures(names: readonly string[], format: 'jpeg' | 'png', side = 32): Promise<TestMember[]> {
  const members: TestMember[] = [];
  for (const [s, split] of ['train', 'test'].entries())
    for (const [k, c] of names.entries()) {
      const background = { r: 20 * k + 10, g: 100 + 50 * s, b: 60 };
      const image = sharp({ create: { width: side, height: side, channels: 3, background } });
      members.push({
        name: `${split}/${c}/0000.${format === 'jpeg' ? 'jpg' : 'png'}`,
        data: await image.toFormat(format).toBuffer(),
      });
    }
  return members;
}

let dir: string;
let store: ObjectStore;
let options: IngestOptions;
let phases: string[];
beforeAll(async () => {
  [jpegs, pngs] = [await pictures(classes, 'jpeg'), await pictures(['ant', 'bee'], 'png', 8)];
});
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'minvar-archives-'));
  store = await createFolderStore({ dir: join(dir, 'store') });
  await mkdir(join(dir, 'scratch'));
  await mkdir(join(dir, 'data'));
  phases = [];
  options = {
    store,
    projectId: 'local',
    dataDir: join(dir, 'data'),
    cacheDir: join(dir, 'cache'),
    bundledDir: join(dir, 'nowhere'),
    scratchDir: join(dir, 'scratch'),
    fetch: () => Promise.reject(new TypeError('fetch failed')),
    signal: new AbortController().signal,
    now: () => new Date('2026-01-01T00:00:00Z'),
    tryNetwork: () => true,
    onOffline: () => {},
    onProgress: (phase) => void (phases.at(-1) === phase || phases.push(phase)),
  };
});
afterEach(async () => {
  await store.close();
  await rm(dir, { recursive: true, force: true });
});

const put = async (name: string, bytes: Uint8Array): Promise<void> => {
  await mkdir(dirname(join(dir, 'data', name)), { recursive: true });
  await writeFile(join(dir, 'data', name), bytes);
};
const make = (name: string, parameters: Record<string, string | number | boolean> = {}, source: string | null = null) =>
  ingest({ name, parameters, source }, options);
const array = async (m: DatasetManifest, name: string): Promise<Uint8Array> =>
  decodeNpy((await store.get(`${versionPrefix(m)}data/${name}.npy`)).body, name).data as Uint8Array;
const card = async (m: DatasetManifest): Promise<string> =>
  Buffer.from((await store.get(`${versionPrefix(m)}README.md`)).body).toString('utf8');
async function leftovers(): Promise<string[]> {
  const out = await readdir(join(dir, 'scratch'));
  for await (const { key } of store.list('')) out.push(key);
  const cached = existsSync(join(dir, 'cache')) ? await readdir(join(dir, 'cache')) : [];
  return [...out, ...cached.filter((name) => name !== 'locks')];
}

describe('CIFAR-10', () => {
  it('from JPEG copies becomes a version of its own, and card and manifest say so', async () => {
    await put('deep/cifar10-jpeg.tar.gz', gzipSync(tarOf(jpegs)));
    const m = await make('cifar10');
    expect([m.official, m.note]).toEqual([
      false,
      'JPEG copies: 10 of 50,000 training and 10 of 10,000 test images, not the official file',
    ]);
    expect(m.sources[0]!.from).toBe('local file deep/cifar10-jpeg.tar.gz');
    expect(m.sources[0]!.sha256).toBe(
      createHash('sha256')
        .update(gzipSync(tarOf(jpegs)))
        .digest('hex'),
    );
    expect(await card(m)).toMatch(/JPEG copies[^]*Krizhevsky[^]*airplane \| automobile[^]*cifar10-jpeg\.tar\.gz/);
    expect(m.splits.map((s) => [s.name, s.perClass, s.decodability])).toEqual(
      ['train', 'test'].map((name) => [name, Array(10).fill(1), null]),
    );
    const [pixels, labels] = [await array(m, 'test-inputs'), await array(m, 'test-labels')];
    labels.forEach((y, i) => expect(Math.abs(pixels[i * 3072]! - (20 * y + 10))).toBeLessThanOrEqual(2));
    expect(phases).toEqual(expect.arrayContaining(['reading sources', 'decoding train', 'decoding test', 'storing']));
  });

  it('prefers the official name to JPEG copies', async () => {
    await put('cifar10-jpeg.tar.gz', gzipSync(tarOf(jpegs)));
    await put('x/cifar-10-binary.tar.gz', gzipSync(tarOf(cifar10Members(4))));
    const m = await make('cifar10');
    expect(m.note).toBe('20 of 50,000 training and 4 of 10,000 test images, not the official file');
    expect(m.sources.map((s) => s.name)).toEqual(['cifar-10-binary.tar.gz']);
  });

  it('that is nowhere says what to put where', async () => {
    await expect(make('cifar10')).rejects.toThrow(
      /cifar-10-binary\.tar\.gz: no official home .*Put cifar-10-binary\.tar\.gz \(md5 c32a1d4ab5d03f1284b67883e8d87530\) or cifar10-jpeg\.tar\.gz below the folder/,
    );
    expect(await leftovers()).toEqual([]);
  });

  const data = 'train/cat/0000.jpg';
  const other = (change: (m: TestMember) => TestMember): TestMember[] =>
    jpegs.map((m) => (m.name === data ? change(m) : m));
  const cases: readonly [string, () => Uint8Array | Promise<Uint8Array>, RegExp][] = [
    [
      'cut in a member',
      () => tarOf(jpegs).subarray(0, 3000),
      /offset 3000: the archive is truncated: it ends in 'train\/bird\/0000\.jpg', \d+ bytes short/,
    ],
    [
      'cut in its gzip stream',
      () => gzipSync(tarOf(jpegs)).subarray(0, -100),
      /offset \d+: the gzip stream is damaged in .*unexpected end of file/,
    ],
    [
      'damaged in its CRC',
      () => gzipSync(tarOf(jpegs)).map((b, i, all) => (i === all.length - 6 ? b ^ 1 : b)),
      /damaged in .*incorrect data check/,
    ],
    ['without its end', () => tarMembers(jpegs), /truncated/],
    [
      'with bytes behind it',
      () => Buffer.concat([tarOf(jpegs), Buffer.from('x')]),
      /bytes follow the end of the archive/,
    ],
    [
      'with a link',
      () => tarOf(other((m) => ({ name: m.name, type: '2' }))),
      /offset \d+: 'train\/cat\/0000\.jpg' is a symbolic link/,
    ],
    [
      'with a path upwards',
      () => tarOf([{ name: '../../etc/cron.d/x', data: Buffer.from('x') }, ...jpegs]),
      /offset 0: '\.\.\/\.\.\/etc\/cron\.d\/x': its name leads upwards/,
    ],
    ['with an image twice', () => tarOf([...jpegs, jpegs[3]!]), /'train\/cat\/0000\.jpg' is there twice/],
    [
      'with a folder that is no class',
      () => tarOf([...jpegs, { name: 'train/lynx/1.jpg', data: jpegs[0]!.data! }]),
      /'train\/lynx\/1\.jpg' is in a folder that is no class/,
    ],
    ['without a class', () => tarOf(jpegs.filter((m) => m.name !== data)), /train\/cat holds no image/],
    [
      'with a damaged image',
      () => tarOf(other((m) => ({ ...m, data: m.data!.subarray(0, 200) }))),
      /offset \d+: 'train\/cat\/0000\.jpg' can't be decoded/,
    ],
    [
      'with another format',
      () => tarOf(other((m) => ({ ...m, data: Buffer.from('<svg/>') }))),
      /'train\/cat\/0000\.jpg' can't be decoded: it is neither JPEG nor PNG/,
    ],
    [
      'with an image of another size',
      async () => {
        const [odd] = await pictures(['cat'], 'jpeg', 40);
        return tarOf(other((m) => ({ ...m, data: odd!.data! })));
      },
      /'train\/cat\/0000\.jpg' has 40×40 pixels, but every image of this dataset has 32×32/,
    ],
    [
      'with an image too large',
      () => tarOf(other((m) => ({ ...m, data: Buffer.alloc(70_000) }))),
      /'train\/cat\/0000\.jpg' has 70000 bytes; at most 65536/,
    ],
    [
      'that is a bomb',
      // one stream of several parts, 8 MB of zeros each
      () => Buffer.concat([gzipSync(tarOf(jpegs)), ...Array<Buffer>(50).fill(gzipSync(Buffer.alloc(8e6)))]),
      /the archive unpacks to more than 400000000 bytes/,
    ],
  ];
  it.each(cases)('%s is refused with file and offset, and leaves nothing', async (_, bytes, message) => {
    await put('cifar10-jpeg.tar.gz', await bytes());
    const error: Error = await make('cifar10').then(
      () => new Error('it was taken'),
      (e: Error) => e,
    );
    expect(error.message).toMatch(/^cifar10-jpeg\.tar\.gz/);
    expect(error.message).toMatch(message);
    expect(await leftovers()).toEqual([]);
  });

  it.each(['decoding train', 'decoding test', 'building train', 'storing'])(
    'stopped while %s leaves nothing',
    async (phase) => {
      await put('cifar10-jpeg.tar.gz', tarOf(jpegs));
      const stop = new AbortController();
      options = {
        ...options,
        signal: stop.signal,
        onProgress: (p) => void (p === phase && stop.abort(new Error('stopped by the test'))),
      };
      await expect(make('cifar10')).rejects.toThrow('stopped by the test');
      // what is already stored waits for the resumed ingest; nothing looks like a version
      expect((await leftovers()).filter((k) => phase !== 'storing' || k.endsWith('manifest.json'))).toEqual([]);
    },
  );

  it('that changes while it is read is refused', async () => {
    await put('cifar10-jpeg.tar.gz', tarOf(jpegs));
    let changed = false;
    const swapped = tarOf(jpegs.map((m) => (m.name === 'test/dog/0000.jpg' ? { ...m, data: jpegs[0]!.data! } : m)));
    options = {
      ...options,
      onProgress: (p) => {
        if (p !== 'decoding train' || changed) return;
        changed = true;
        void writeFile(join(dir, 'data/cifar10-jpeg.tar.gz'), swapped);
      },
    };
    await expect(make('cifar10')).rejects.toThrow(
      /cifar10-jpeg\.tar\.gz changed while it was read|truncated|no tar header/,
    );
    expect(await leftovers()).toEqual([]);
  });
});

describe('CIFAR-100', () => {
  it('from an archive of the official layout has its classes and superclasses', async () => {
    await put('cifar-100-binary.tar.gz', gzipSync(tarOf(cifar100Members(200, 100))));
    const fine = await make('cifar100');
    const coarse = await make('cifar100', { labels: 'coarse' });
    expect([fine.classes.length, coarse.classes.length, fine.attribute]).toEqual([100, 20, null]);
    expect(fine.splits.map((s) => s.perClass)).toEqual([Array(100).fill(2), Array(100).fill(1)]);
    expect(coarse.splits.map((s) => s.perClass)).toEqual([Array(20).fill(10), Array(20).fill(5)]);
    expect(JSON.stringify(fine).length).toBeLessThan(100_000);
    expect(coarse.versionId).not.toBe(fine.versionId);
  });
});

describe('an image folder', () => {
  const unpack = async (members: readonly TestMember[], root = 'bugs'): Promise<void> => {
    for (const m of members) await put(`${root}/${m.name}`, m.data!);
  };
  const content = (m: DatasetManifest) => [m.classes, m.input, m.splits];

  it('is the same as a folder, a tar, a packed tar and an upload', async () => {
    await unpack(pngs);
    const plain = await make('image-folder', { archive: 'bugs' });
    expect(plain.note).toBe('2 training and 2 test images of 2 classes from bugs');
    expect(plain.sources[0]!.from).toBe('local folder bugs');
    expect(plain.input.shape).toEqual([8, 8, 3]);
    await put('in/bugs2.tar', tarOf(pngs));
    await put('bugs3.tgz', gzipSync(tarOf(pngs)));
    await store.put('uploads/up_1/bugs.tar.gz', gzipSync(tarOf(pngs)));
    for (const [archive, source, from] of [
      ['in/bugs2', null, 'local file in/bugs2.tar'],
      ['bugs3.tgz', null, 'local file bugs3.tgz'],
      ['image-folder', 'up_1', 'upload up_1'],
    ] as const) {
      const m = await make('image-folder', { archive }, source);
      expect(content(m)).toEqual(content(plain));
      expect([m.sources[0]!.from, m.official]).toEqual([from, false]);
    }
  });

  it('scales and greys when asked', async () => {
    await unpack(pngs);
    expect((await make('image-folder', { archive: 'bugs', size: 5, colour: false })).input.shape).toEqual([5, 5, 1]);
  });

  it('with a link, or a file that is no image, is refused and leaves nothing', async () => {
    await unpack(pngs);
    await symlink('/etc/passwd', join(dir, 'data/bugs/train/ant/1.png'));
    await expect(make('image-folder', { archive: 'bugs' })).rejects.toThrow(
      /^bugs\/train\/ant\/1\.png: it is a symbolic link/,
    );
    await rm(join(dir, 'data/bugs/train/ant/1.png'));
    await put('bugs/train/ant/1.png', Buffer.from('no image'));
    await expect(make('image-folder', { archive: 'bugs' })).rejects.toThrow(
      /^bugs: 'train\/ant\/1\.png' can't be decoded: it is neither JPEG nor PNG/,
    );
    expect(await leftovers()).toEqual([]);
  });

  it('that is not there, or no data folder, or an empty upload, says what to do', async () => {
    await expect(make('image-folder', { archive: 'pets' })).rejects.toThrow(
      /there is no 'pets' in '.*data'\. Put a folder of that name, or pets\.tar\.gz, pets\.tgz, pets\.tar, into the folder that --data/,
    );
    options = { ...options, dataDir: null };
    await expect(make('image-folder')).rejects.toThrow(/there is no 'image-folder' and no data folder/);
    await expect(make('image-folder', {}, 'up_2')).rejects.toThrow(/the upload 'up_2' holds nothing/);
    await store.put('uploads/up_3/a.zip', Buffer.from('PK'));
    await expect(make('image-folder', {}, 'up_3')).rejects.toThrow(
      /the upload 'up_3' holds 'a\.zip'; one \.tar or \.tar\.gz/,
    );
  });
});

const root = process.env.MINVAR_DATA_DIR;
const real = root ? join(root, 'cifar10/cifar10-jpeg.tar.gz') : '';
describe('the 60,000 JPEG copies of CIFAR-10', () => {
  it.skipIf(!existsSync(real))(
    'have the mean and deviation that Pillow and NumPy find, 5,000 and 1,000 of each class (needs MINVAR_DATA_DIR with cifar10/cifar10-jpeg.tar.gz)',
    async () => {
      options = { ...options, dataDir: root! };
      const m = await make('cifar10');
      expect(m.note).toBe('JPEG copies, not the official file');
      expect(m.splits.map((s) => s.perClass)).toEqual([Array(10).fill(5000), Array(10).fill(1000)]);
      // numpy: stack of all training images / 255, .mean((0, 1, 2)) and .std((0, 1, 2)); published for the official files: .4914 .4822 .4465, .2470 .2435 .2616
      const pillow = {
        mean: [0.4912503841, 0.4820902712, 0.4465209361],
        std: [0.2452316074, 0.2427815502, 0.2606287681],
      };
      for (const key of ['mean', 'std'] as const)
        m.input[key].forEach((x, c) => expect(x).toBeCloseTo(pillow[key][c]!, 9));
    },
    120_000,
  );
});
