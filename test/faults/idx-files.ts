import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** An IDX file: magic number, one size a dimension (32 bits, big-endian), then the bytes. */
export function idx(magic: number, dimensions: readonly number[], data: Uint8Array): Buffer {
  const header = Buffer.alloc(4 + 4 * dimensions.length);
  header.writeUInt32BE(magic, 0);
  dimensions.forEach((n, i) => header.writeUInt32BE(n, 4 + 4 * i));
  return Buffer.concat([header, data]);
}

const side = 28;
const pixels = (n: number): Buffer => Buffer.from(Array.from({ length: n * side * side }, (_, i) => (i * 7919) % 256));

/** `n` images of MNIST's shape. */
export const images = (n: number): Buffer => idx(0x803, [n, side, side], pixels(n));
/** `n` labels, every class in turn, beginning at `first`. */
export const labels = (n: number, first = 0): Buffer =>
  idx(
    0x801,
    [n],
    Uint8Array.from({ length: n }, (_, i) => (first + i) % 10),
  );

const whole = (): Record<string, Buffer> => ({
  'train-images-idx3-ubyte': images(200),
  'train-labels-idx1-ubyte': labels(200),
  't10k-images-idx3-ubyte': images(50),
  't10k-labels-idx1-ubyte': labels(50),
});

/** Fills `dir` with a small, whole copy of MNIST, then with `changes`; null takes a file away. */
export function writeCopy(dir: string, changes: Readonly<Record<string, Buffer | null>> = {}): void {
  rmSync(dir, { recursive: true, force: true });
  mkdirSync(dir);
  for (const [name, bytes] of Object.entries({ ...whole(), ...changes }))
    if (bytes) writeFileSync(join(dir, name), bytes);
}
