import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { encodeIdxImages, encodeIdxLabels, readIdxImages, readIdxLabels } from './idx';
import { mnistFiles, readMnist } from './mnist-files';
import { openSource } from './source';

const shape = { rows: 2, cols: 3, maxExamples: 100 };
const images = encodeIdxImages(
  Uint8Array.from({ length: 12 }, (_, i) => i * 20),
  2,
  3,
);
const labels = encodeIdxLabels([3, 9]);
const patched = (file: Uint8Array, offset: number, bytes: number[]): Uint8Array => {
  const copy = file.slice();
  copy.set(bytes, offset);
  return copy;
};

describe('the IDX reader', () => {
  it('reads images and labels laid out by hand as the format says', () => {
    const byHand = Uint8Array.from([0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 10, 11, 12, 13, 14, 255]);
    expect(readIdxImages(byHand, 'f', shape)).toEqual({
      examples: 1,
      pixels: Uint8Array.from([10, 11, 12, 13, 14, 255]),
    });
    expect([...readIdxLabels(Uint8Array.from([0, 0, 8, 1, 0, 0, 0, 3, 7, 2, 1]), 'f', 10, 100)]).toEqual([7, 2, 1]);
  });
  it('reads what it writes', () => {
    expect(readIdxImages(images, 'f', shape).pixels).toEqual(images.subarray(16));
    expect([...readIdxLabels(labels, 'f', 10, 100)]).toEqual([3, 9]);
  });
  it.each([
    ['cut inside the header', images.subarray(0, 9), /^f, offset 9: the file ends inside its header of 16 bytes/],
    ['cut inside the data', images.subarray(0, 20), /^f, offset 20: .*promises 12 bytes of data, 4 are there/],
    ['with bytes behind the data', new Uint8Array([...images, 1, 2]), /^f, offset 28: 2 bytes follow the 12/],
    [
      'that holds labels',
      new Uint8Array([...labels, ...new Uint8Array(20)]),
      /^f, offset 0: magic number 0x00000801, but images begin with 0x00000803/,
    ],
    ['with another height', patched(images, 8, [0, 0, 0, 28]), /^f, offset 8: dimension 1 is 28, expected 2/],
    ['with hostile dimensions', patched(images, 8, [255, 255, 255, 255]), /dimension 1 is 4294967295/],
    [
      'with a hostile count',
      patched(images, 4, [255, 255, 255, 255]),
      /^f, offset 4: it claims 4294967295 examples; 1 to 100/,
    ],
    ['with no examples', patched(images, 4, [0, 0, 0, 0]).subarray(0, 16), /it claims 0 examples/],
  ])('refuses images %s, naming file, offset and value', (_, bytes, message) => {
    expect(() => readIdxImages(bytes, 'f', shape)).toThrow(message);
  });
  it('refuses a label out of range, naming its offset', () => {
    expect(() => readIdxLabels(encodeIdxLabels([1, 10, 2]), 'labels', 10, 100)).toThrow(
      /^labels, offset 9: label 10, but there are only the classes 0 to 9/,
    );
  });
  it('says what to do', () => {
    expect(() => readIdxLabels(encodeIdxLabels([10]), 'labels', 10, 100)).toThrow(/Replace it/);
  });
});

describe('a source file', () => {
  const spec = { ...mnistFiles[3]!, maxContentBytes: 1000 };
  it('unpacks, and takes an unpacked file as it is', async () => {
    expect((await openSource(spec, gzipSync(labels), 'local')).content).toEqual(Buffer.from(labels));
    expect((await openSource(spec, labels, 'local')).content).toEqual(labels);
  });
  it('refuses a decompression bomb before it is unpacked whole', async () => {
    await expect(openSource(spec, gzipSync(Buffer.alloc(50_000_000)), 'local')).rejects.toThrow(
      /^t10k-labels-idx1-ubyte.gz: it unpacks to more than 1000 bytes/,
    );
    await expect(openSource(spec, new Uint8Array(1001), 'local')).rejects.toThrow(/has 1001 bytes; at most 1000/);
  });
  it('refuses a torn gzip stream', async () => {
    const packed = gzipSync(labels);
    await expect(openSource(spec, packed.subarray(0, packed.length - 9), 'local')).rejects.toThrow(
      /no whole gzip stream/,
    );
    await expect(openSource(spec, patched(packed, packed.length - 6, [1]), 'local')).rejects.toThrow(
      /no whole gzip stream/,
    );
  });
  it('refuses images and labels of different number', async () => {
    const pair = [encodeIdxImages(new Uint8Array(784 * 2), 28, 28), encodeIdxLabels([1, 2, 3])];
    const files = new Map(
      await Promise.all(mnistFiles.map(async (f, i) => [f.name, await openSource(f, pair[i % 2]!, 'local')] as const)),
    );
    expect(() => readMnist(files)).toThrow(
      /^train-labels-idx1-ubyte.gz, offset 4: it holds 3 labels, but train-images-idx3-ubyte.gz holds 2 images. Take both/,
    );
  });
});
