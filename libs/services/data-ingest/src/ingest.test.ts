import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { datasetContentHash, datasetManifest, decodeNpy, sha256Hex } from '@minvar/contracts';
import type { DatasetManifest } from '@minvar/contracts';
import { encodeIdxImages, encodeIdxLabels } from '@minvar/datasets';
import { createFolderStore } from '@minvar/service-kit';
import type { ObjectStore } from '@minvar/service-kit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { exportVersion } from './export/export-version';
import { ingest, readManifest } from './ingest';
import type { IngestOptions } from './ingest';
import { removeVersion, versionPrefix } from './store-version';

const bundledDir = fileURLToPath(new URL('../../../datasets/bundled/', import.meta.url));
const command = (name: string, parameters: Record<string, number | boolean | string> = {}) => ({
  name,
  parameters,
  source: null,
});

let dir: string;
let store: ObjectStore;
let options: IngestOptions;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'minvar-ingest-'));
  store = await createFolderStore({ dir: join(dir, 'store') });
  await mkdir(join(dir, 'scratch'));
  options = {
    store,
    projectId: 'local',
    dataDir: null,
    cacheDir: join(dir, 'cache'),
    bundledDir,
    scratchDir: join(dir, 'scratch'),
    fetch: () => Promise.reject(new TypeError('fetch failed')),
    signal: new AbortController().signal,
    now: () => new Date('2026-01-01T00:00:00Z'),
    tryNetwork: () => true,
    onOffline: () => {},
    onProgress: () => {},
  };
});
afterEach(async () => {
  await store.close();
  await rm(dir, { recursive: true, force: true });
});
const keys = async (prefix = ''): Promise<string[]> => {
  const out: string[] = [];
  for await (const { key } of store.list(prefix)) out.push(key);
  return out;
};

describe('ingest', () => {
  it('stores arrays, card and manifest of a version, each as the manifest says', async () => {
    const manifest = await ingest(command('coloured-mnist', { jitter: 0.05 }), options);
    expect(datasetManifest.parse(JSON.parse(JSON.stringify(manifest)))).toEqual(manifest);
    expect(await readManifest(store, manifest)).toEqual(manifest);
    expect(manifest.contentSha256).toBe(datasetContentHash(manifest));
    expect(manifest.note).toMatch(/^5,000 of 60,000 digits, bundled subset/);
    expect([manifest.official, manifest.parameters]).toEqual([
      false,
      { strength: 0.9, jitter: 0.05, validation: false },
    ]);
    for (const split of manifest.splits) {
      for (const file of [split.inputs, split.labels, split.attributes!]) {
        const { body } = await store.get(`${versionPrefix(manifest)}${file.path}`);
        expect([body.length, sha256Hex(body)]).toEqual([file.sizeBytes, file.sha256]);
        expect([decodeNpy(body, file.path).dtype, decodeNpy(body, file.path).shape]).toEqual([file.dtype, file.shape]);
      }
      expect(split.perClass.reduce((a, b) => a + b)).toBe(split.examples);
    }
    const card = Buffer.from((await store.get(`${versionPrefix(manifest)}README.md`)).body).toString('utf8');
    expect(sha256Hex(card)).toBe(manifest.card.sha256);
    expect(card).toContain('CC BY-SA 3.0');
    expect(await readdir(join(dir, 'scratch'))).toEqual([]);
  });

  it('gives identical content the same version, and other parameters another', async () => {
    const first = await ingest(command('synthetic-low-high', { examples: 50, testExamples: 20 }), options);
    const again = await ingest(command('synthetic-low-high', { examples: 50, testExamples: 20, marginLow: 0.5 }), {
      ...options,
      now: () => new Date(),
    });
    const other = await ingest(command('synthetic-low-high', { examples: 51, testExamples: 20 }), options);
    expect(again).toEqual(first);
    expect(other.versionId).not.toBe(first.versionId);
  });

  /** 40 and 20 digits, all of one grey */
  async function writeDigits(grey: number): Promise<void> {
    await mkdir(join(dir, 'data'), { recursive: true });
    for (const [stem, n] of [
      ['train', 40],
      ['t10k', 20],
    ] as const) {
      await writeFile(
        join(dir, 'data', `${stem}-images-idx3-ubyte`),
        encodeIdxImages(new Uint8Array(784 * n).fill(grey), 28, 28),
      );
      await writeFile(
        join(dir, 'data', `${stem}-labels-idx1-ubyte`),
        encodeIdxLabels(Array.from({ length: n }, (_, i) => i % 10)),
      );
    }
  }

  it('makes a version once of the same files by the same code, and anew of others or by other code', async () => {
    await writeDigits(40);
    const phases: string[] = [];
    const at = { ...options, dataDir: join(dir, 'data'), onProgress: (phase: string) => void phases.push(phase) };
    const first = await ingest(command('mnist'), at);
    expect(phases).toContain('building train');
    phases.length = 0;
    expect(await ingest(command('mnist'), { ...at, now: () => new Date() })).toEqual(first);
    expect(phases.filter((p) => /reading|building|storing/.test(p))).toEqual([]);
    await ingest(command('mnist'), { ...at, madeBy: 'other code' });
    expect(phases).toContain('building train');
    await writeDigits(41);
    const changed = await ingest(command('mnist'), at);
    expect(changed.versionId).not.toBe(first.versionId);
    await writeDigits(40);
    await removeVersion(store, first);
    expect(await ingest(command('mnist'), at)).toEqual(first);
    expect(await readManifest(store, first)).toEqual(first);
  });

  it('takes a local subset for what it is', async () => {
    await writeDigits(40);
    const manifest = await ingest(command('mnist'), { ...options, dataDir: join(dir, 'data') });
    expect(manifest.note).toBe(
      '40 of 60,000 digits, not the official file; 20 of 10,000 test digits, not the official file',
    );
    expect(manifest.input.mean[0]).toBeCloseTo(40 / 255, 12);
    expect(manifest.splits.map((s) => [s.name, s.examples])).toEqual([
      ['train', 40],
      ['test', 20],
    ]);
  });

  it.each([
    ['an unknown dataset', command('imagenet'), /there is no dataset 'imagenet'; known are .*coloured-mnist/],
    [
      'an unknown parameter',
      command('mnist', { strength: 1 }),
      /dataset 'mnist': it has no parameter 'strength' \(parameters: validation\)/,
    ],
    ['a parameter out of range', command('coloured-mnist', { strength: 2 }), /strength is 2/],
    [
      'an upload',
      { ...command('mnist'), source: 'upl_1' },
      /made from its official files, not from the upload 'upl_1'/,
    ],
    ['a grid too big', command('synthetic-low-high', { shape: 'grid', dimsHigh: 6 }), /more than 10⁶ points/],
  ])('refuses %s with a clear error and leaves nothing', async (_, bad, message) => {
    await expect(ingest(bad, options)).rejects.toThrow(message);
    expect(await keys()).toEqual([]);
    expect(await readdir(join(dir, 'scratch'))).toEqual([]);
  });

  it.each([
    [
      'truncated',
      (b: Uint8Array) => b.subarray(0, 1000),
      /train-images-idx3-ubyte, offset 1000: the file is truncated/,
    ],
    [
      'hostile',
      (b: Uint8Array) => (b.set([0x7f, 0xff, 0xff, 0xff], 4), b),
      /train-images-idx3-ubyte, offset 4: it claims 2147483647 examples; 1 to 100000 are accepted/,
    ],
    [
      'mislabelled',
      () => encodeIdxLabels([1, 2, 3]),
      /train-images-idx3-ubyte, offset (0: magic number|11: the file ends)/,
    ],
  ])('refuses a %s file with its offset and leaves nothing', async (_, spoil, message) => {
    await mkdir(join(dir, 'data'));
    for (const stem of ['train', 't10k']) {
      const images = encodeIdxImages(new Uint8Array(784 * 10), 28, 28);
      await writeFile(join(dir, 'data', `${stem}-images-idx3-ubyte`), stem === 'train' ? spoil(images) : images);
      await writeFile(join(dir, 'data', `${stem}-labels-idx1-ubyte`), encodeIdxLabels([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]));
    }
    await expect(ingest(command('mnist'), { ...options, dataDir: join(dir, 'data') })).rejects.toThrow(message);
    expect(await keys()).toEqual([]);
    expect(await readdir(join(dir, 'scratch'))).toEqual([]);
  });

  it('removes what it wrote when the store fails before the manifest', async () => {
    let puts = 0;
    const failing: ObjectStore = {
      ...store,
      put: (key, content) => (++puts > 3 ? Promise.reject(new Error('no space left')) : store.put(key, content)),
    };
    await expect(
      ingest(command('synthetic-low-high', { examples: 10 }), { ...options, store: failing }),
    ).rejects.toThrow('no space left');
    expect(puts).toBeGreaterThan(3);
    expect(await keys()).toEqual([]);
  });

  it('removes a version whole', async () => {
    const manifest = await ingest(command('synthetic-low-high', { examples: 10, testExamples: 10 }), options);
    await removeVersion(store, manifest);
    expect(await readManifest(store, manifest)).toBeNull();
    expect(await keys()).toEqual([]);
  });
});

describe('pulling a version', () => {
  it('writes npz, parquet and an image folder of the stored arrays', async () => {
    const manifest = await ingest(command('synthetic-low-high', { examples: 12, testExamples: 10 }), options);
    const [npz] = await exportVersion({ store, manifest, format: 'npz', outDir: join(dir, 'out') });
    expect(npz).toBe(join(dir, 'out', `synthetic-low-high-${manifest.version}.npz`));
    expect((await readFile(npz!)).subarray(0, 2).toString()).toBe('PK');
    const files = await exportVersion({ store, manifest, format: 'parquet', outDir: join(dir, 'out') });
    expect(files.map((f) => f.slice(dir.length))).toEqual(
      ['train', 'test'].map((s) => `/out/synthetic-low-high-${manifest.version}/${s}.parquet`),
    );
    await expect(exportVersion({ store, manifest, format: 'imagefolder', outDir: join(dir, 'out') })).rejects.toThrow(
      /holds vectors, not images: take --format npz or parquet/,
    );
  });

  it('refuses an array that is not what the manifest says', async () => {
    const manifest = await ingest(command('synthetic-low-high', { examples: 12, testExamples: 10 }), options);
    await store.put(`${versionPrefix(manifest)}data/test-labels.npy`, Buffer.from('damaged'));
    await expect(exportVersion({ store, manifest, format: 'npz', outDir: join(dir, 'out') })).rejects.toThrow(
      /test-labels.npy' has sha256 .* instead of/,
    );
  });
});

describe('a manifest', () => {
  it('fits a message: under 256 KB with room to spare', async () => {
    const manifest: DatasetManifest = await ingest(command('coloured-mnist', { validation: true }), options);
    expect(JSON.stringify(manifest).length).toBeLessThan(100_000);
  });
});
