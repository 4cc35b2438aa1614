import { afterAll, describe, expect, it } from 'vitest';
import golden from '../golden/arrays.json';
import { scratch } from '../testing/files';
import { openNpy } from './npy-file';

const files = scratch();
afterAll(files.dispose);
const written = (name: string, base64: string): string =>
  files.bytes(`${name.replaceAll(/\W/g, '-')}.npy`, Buffer.from(base64, 'base64'));

describe('arrays that NumPy wrote', () => {
  it.each(golden.good)(
    '$name: shape and every value, however they are cut into blocks',
    ({ name, file, shape, values }) => {
      const opened = openNpy('--activations', written(name, file));
      expect(opened.shape).toEqual(shape);
      for (const size of [1, 2, opened.rows]) {
        const found: number[] = [];
        for (let from = 0; from < opened.rows; from += size)
          found.push(...opened.read(from, Math.min(opened.rows, from + size)));
        expect(found).toEqual(values);
      }
      opened.close();
    },
  );

  it('say what was unusual', () => {
    const notes = (name: string): readonly string[] => {
      const opened = openNpy('--labels', written(name, golden.good.find((g) => g.name === name)!.file));
      opened.close();
      return opened.notes;
    };
    expect(notes('transposed, big-endian').join()).toMatch(/big-endian.*column-major/);
    expect(notes('float32')).toEqual([]);
  });

  it.each(golden.bad)('$name: refused with the way out', ({ name, file, says }) => {
    const path = written(name, file);
    expect(() => openNpy('--activations', path)).toThrow(says);
    expect(() => openNpy('--activations', path)).toThrow(`--activations ${path}: `);
  });

  it('that end too soon are refused by how much, and bytes behind the array are no matter', () => {
    const whole = Buffer.from(golden.good.find((g) => g.name === 'float32')!.file, 'base64');
    const short = files.bytes('short.npy', whole.subarray(0, whole.length - 7));
    expect(() => openNpy('--logits', short)).toThrow(
      /15 numbers of float32, shape \(5, 3\), 60 bytes, but ends after 53/,
    );
    const long = openNpy('--logits', files.bytes('long.npy', Buffer.concat([whole, Buffer.alloc(9)])));
    expect(long.notes).toEqual([`${long.name}: 9 bytes behind the array are not read`]);
    long.close();
    for (let length = 0; length < whole.length - 60; length += 5)
      expect(() => openNpy('--logits', files.bytes('cut.npy', whole.subarray(0, length)))).toThrow('--logits');
  });

  it('are not there, or are folders: said so', () => {
    expect(() => openNpy('--labels', '/nowhere/y.npy')).toThrow('--labels /nowhere/y.npy cannot be read: ENOENT');
    expect(() => openNpy('--labels', '/')).toThrow('--labels /');
  });
});
