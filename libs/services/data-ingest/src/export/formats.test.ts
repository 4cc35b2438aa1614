import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeNpy, encodeNpy } from '@minvar/contracts';
import type { DatasetManifest, SplitManifest } from '@minvar/contracts';
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet';
import sharp from 'sharp';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import yauzl from 'yauzl';
import { segment, writeImageFolder } from './image-folder';
import { writeNpz } from './npz';
import type { NpzEntry } from './npz';
import { writeParquet } from './parquet';
import { encodePng } from './png';
import type { SplitBlock } from './split-blocks';

const split = { name: 'train', examples: 3, attributes: {} } as SplitManifest;
const manifest = {
  name: 'd',
  classes: ['cat', 'a/../b'],
  attribute: { name: 'background', values: ['red', 'green'] },
  input: { kind: 'image', shape: [2, 2, 3], mean: [0, 0, 0], std: [1, 1, 1] },
} as unknown as DatasetManifest;
const arrays = {
  inputs: Uint8Array.from({ length: 36 }, (_, i) => 7 * i),
  labels: Int32Array.from([0, 1, 0]),
  attributes: Int32Array.from([1, -1, 0]),
};

async function* inBlocks({ inputs, labels, attributes }: SplitBlock, size: number): AsyncGenerator<SplitBlock> {
  const row = inputs.length / labels.length;
  for (let i = 0; i < labels.length; i += size)
    yield {
      inputs: inputs.slice(i * row, (i + size) * row),
      labels: labels.slice(i, i + size),
      attributes: attributes?.slice(i, i + size) ?? null,
    };
}

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'minvar-export-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

/** name → bytes of a zip, read by another implementation */
async function unzip(path: string): Promise<Map<string, { bytes: Buffer; method: number }>> {
  const out = new Map<string, { bytes: Buffer; method: number }>();
  const zip = await yauzl.openPromise(path, { lazyEntries: true });
  for await (const entry of zip.eachEntry()) {
    const chunks: Buffer[] = [];
    for await (const c of await zip.openReadStreamPromise(entry)) chunks.push(c as Buffer);
    out.set(entry.fileName, { bytes: Buffer.concat(chunks), method: entry.compressionMethod });
  }
  return out;
}

describe('export formats', () => {
  it('npz is an uncompressed zip of npy files', async () => {
    const files = [encodeNpy(arrays.inputs, [3, 2, 2, 3]), encodeNpy(arrays.labels, [3])];
    const path = join(dir, 'x.npz');
    const entry = (name: string, bytes: Uint8Array): NpzEntry => ({
      name,
      file: async () => {
        const at = join(dir, `${name}.npy`);
        await writeFile(at, bytes);
        return { path: at, done: () => rm(at) };
      },
    });
    await writeNpz(path, [entry('train_inputs', files[0]!), entry('train_labels', files[1]!)]);
    expect(await readdir(dir)).toEqual(['x.npz']);
    const entries = await unzip(path);
    expect([...entries.keys()]).toEqual(['train_inputs.npy', 'train_labels.npy']);
    expect([...entries.values()].map((e) => e.method)).toEqual([0, 0]);
    expect(decodeNpy(entries.get('train_inputs.npy')!.bytes, 'x').data).toEqual(arrays.inputs);
  });
  it('npz fails with the error of the array that could not be read', async () => {
    await expect(
      writeNpz(join(dir, 'x.npz'), [{ name: 'a', file: () => Promise.reject(new Error('gone')) }]),
    ).rejects.toThrow('gone');
  });
  it('parquet keeps every pixel, label and attribute', async () => {
    const path = join(dir, 'x.parquet');
    await writeParquet(path, manifest, inBlocks(arrays, 2), () => {});
    const rows = await parquetReadObjects({ file: await asyncBufferFromFile(path), utf8: false });
    expect(rows.map(({ label, class: c, attribute, attribute_name }) => [label, c, attribute, attribute_name])).toEqual(
      [
        [0, 'cat', 1, 'green'],
        [1, 'a/../b', -1, null],
        [0, 'cat', 0, 'red'],
      ],
    );
    const pixels = await Promise.all(
      rows.map((r) =>
        sharp(r.image as Uint8Array)
          .raw()
          .toBuffer(),
      ),
    );
    expect(Buffer.concat(pixels)).toEqual(Buffer.from(arrays.inputs));
  });
  it('parquet writes vectors as columns', async () => {
    const path = join(dir, 'v.parquet');
    const vectors = { ...manifest, attribute: null, input: { ...manifest.input, kind: 'vector' as const, shape: [2] } };
    await writeParquet(
      path,
      vectors,
      inBlocks({ inputs: Float32Array.from([1, 2, 3, 4, 5, 6.5]), labels: arrays.labels, attributes: null }, 1),
      () => {},
    );
    expect(await parquetReadObjects({ file: await asyncBufferFromFile(path) })).toEqual([
      { x0: 1, x1: 2, label: 0, class: 'cat' },
      { x0: 3, x1: 4, label: 1, class: 'a/../b' },
      { x0: 5, x1: 6.5, label: 0, class: 'cat' },
    ]);
  });
  it('an image folder has a folder a class, lossless pictures, and no name that leads out of it', async () => {
    await writeImageFolder(dir, manifest, split, inBlocks(arrays, 2), () => {});
    expect((await readdir(dir, { recursive: true })).sort()).toEqual([
      'train',
      'train.csv',
      'train/a_b',
      'train/a_b/1.png',
      'train/cat',
      'train/cat/0.png',
      'train/cat/2.png',
    ]);
    expect(await sharp(join(dir, 'train/a_b/1.png')).raw().toBuffer()).toEqual(
      Buffer.from(arrays.inputs.subarray(12, 24)),
    );
    expect(await readFile(join(dir, 'train.csv'), 'utf8')).toBe(
      'file,label,attribute\ntrain/cat/0.png,0,1\ntrain/a_b/1.png,1,-1\ntrain/cat/2.png,0,0\n',
    );
    expect(segment('../..')).toBe('_');
  });
  it('a grey image stays grey', async () => {
    const png = await encodePng(Uint8Array.from([0, 128, 255, 3]), [2, 2, 1]);
    expect((await sharp(png).metadata()).channels).toBe(1);
    expect([...(await sharp(png).toColourspace('b-w').raw().toBuffer())]).toEqual([0, 128, 255, 3]);
  });
});
