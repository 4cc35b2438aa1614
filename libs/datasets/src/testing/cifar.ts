import { cifar10Classes } from '../cifar-files';
import { cifar100Classes, cifar100Superclasses, superclassOf } from '../cifar100-classes';
import type { TestMember } from './tar';

/** Channel c at row y and column x of image i: every value says where it belongs. */
export const testPixel = (i: number, y: number, x: number, c: number): number =>
  (i * 31 + y * 7 + x * 3 + c * 101) % 256;

/** `n` records: the labels of image `first + i`, then its red, green and blue plane. */
export function cifarRecords(n: number, labels: (i: number) => readonly number[], first = 0): Uint8Array {
  const record = (i: number): Uint8Array => {
    const pixels = new Uint8Array(3072);
    for (let c = 0, at = 0; c < 3; c++)
      for (let y = 0; y < 32; y++) for (let x = 0; x < 32; x++) pixels[at++] = testPixel(i, y, x, c);
    return Buffer.concat([Uint8Array.from(labels(i)), pixels]);
  };
  return Buffer.concat(Array.from({ length: n }, (_, i) => record(first + i)));
}

const lines = (names: readonly string[]): Uint8Array => Buffer.from(`${names.join('\n')}\n\n`);

/** The members of CIFAR-10's binary archive with `n` records a batch; image i has the class i modulo 10, test images count on. */
export function cifar10Members(n: number): TestMember[] {
  const folder = 'cifar-10-batches-bin/';
  const batch = (name: string, first: number): TestMember => ({
    name: `${folder}${name}`,
    data: cifarRecords(n, (i) => [i % 10], first),
  });
  return [
    { name: folder },
    batch('data_batch_1.bin', 0),
    { name: `${folder}batches.meta.txt`, data: lines(cifar10Classes) },
    // not in their order, as in the official archive
    batch('data_batch_3.bin', 2 * n),
    batch('data_batch_4.bin', 3 * n),
    batch('test_batch.bin', 5 * n),
    { name: `${folder}readme.html`, data: Buffer.from('<html></html>') },
    batch('data_batch_5.bin', 4 * n),
    batch('data_batch_2.bin', n),
  ];
}

/** The members of CIFAR-100's binary archive; image i has the fine class i modulo 100, test images count on. */
export function cifar100Members(train: number, test: number): TestMember[] {
  const folder = 'cifar-100-binary/';
  const labels = (i: number): number[] => [superclassOf[i % 100]!, i % 100];
  return [
    { name: folder },
    { name: `${folder}fine_label_names.txt`, data: lines(cifar100Classes) },
    { name: `${folder}train.bin`, data: cifarRecords(train, labels) },
    { name: `${folder}test.bin`, data: cifarRecords(test, labels, train) },
    { name: `${folder}coarse_label_names.txt`, data: lines(cifar100Superclasses) },
  ];
}
