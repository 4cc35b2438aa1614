import { describe, expect, it } from 'vitest';
import { decodeNpy, encodeNpy, npyHeader } from './npy';

// np.save(f, np.array([[1, -2, 3]], dtype='<i4')) by NumPy 1.26
const fromNumpy = Buffer.concat([
  Buffer.from('934e554d50590100', 'hex'),
  Buffer.from([0x76, 0x00]),
  Buffer.from("{'descr': '<i4', 'fortran_order': False, 'shape': (1, 3), }".padEnd(0x75, ' ') + '\n', 'latin1'),
  Buffer.from(new Int32Array([1, -2, 3]).buffer),
]);

describe('npy files', () => {
  it('reads what NumPy wrote', () => {
    const a = decodeNpy(fromNumpy, 'x.npy');
    expect([a.dtype, a.shape, [...(a.data as Int32Array)]]).toEqual(['int32', [1, 3], [1, -2, 3]]);
  });
  it.each([
    ['uint8', new Uint8Array([1, 2, 255]), [3]],
    ['float32', new Float32Array([1.5, -0, NaN, Infinity]), [2, 2]],
    ['float64', new Float64Array([Math.PI]), []],
    ['int64', new BigInt64Array([-5n, 7n]), [2, 1, 1]],
    ['int32', new Int32Array([]), [0, 4]],
  ])('brings %s back bit for bit', (dtype, data, shape) => {
    const a = decodeNpy(encodeNpy(data, shape), 'x.npy');
    expect([a.dtype, a.shape]).toEqual([dtype, shape]);
    expect(a.data).toEqual(data);
  });
  it('reads from bytes that lie at an odd offset', () => {
    const file = encodeNpy(new Float64Array([1, 2]), [2]);
    const shifted = new Uint8Array(file.length + 1);
    shifted.set(file, 1);
    expect([...(decodeNpy(shifted.subarray(1), 'x').data as Float64Array)]).toEqual([1, 2]);
  });
  it('writes a header whose data begins at a multiple of 64', () => {
    for (const shape of [[], [1], [60000, 28, 28, 3], [2 ** 40]]) expect(npyHeader('uint8', shape).length % 64).toBe(0);
  });
  it('refuses torn, over-long and hostile files, naming the file and what it found', () => {
    const file = encodeNpy(new Int32Array([1, 2, 3]), [3]);
    expect(() => decodeNpy(file.subarray(0, file.length - 1), 'a.npy')).toThrow(
      /^a.npy: .*needs 12 bytes from offset 128, but there are 11/,
    );
    expect(() => decodeNpy(new Uint8Array([...file, 0]), 'a.npy')).toThrow(/there are 13/);
    expect(() => decodeNpy(new Uint8Array(3), 'a.npy')).toThrow(/does not begin/);
    const forged = (text: string): Uint8Array =>
      Buffer.concat([file.subarray(0, 10), Buffer.from(text.padEnd(117) + '\n', 'latin1'), file.subarray(128)]);
    expect(() =>
      decodeNpy(forged("{'descr': '<i4', 'fortran_order': False, 'shape': (99999999999, 99999999999), }"), 'a'),
    ).toThrow(/needs/);
    expect(() => decodeNpy(forged("{'descr': '|O', 'fortran_order': False, 'shape': (3,), }"), 'a')).toThrow(
      /dtype '\|O'/,
    );
    expect(() => decodeNpy(forged("{'descr': '>i4', 'fortran_order': False, 'shape': (3,), }"), 'a')).toThrow(
      /little-endian/,
    );
    expect(() => decodeNpy(forged("{'descr': '<i4', 'fortran_order': True, 'shape': (1, 3), }"), 'a')).toThrow(
      /ascontiguousarray/,
    );
  });
  it('refuses to write a shape that the values do not fill', () => {
    expect(() => encodeNpy(new Uint8Array(3), [2, 2])).toThrow(/3 values do not fill/);
  });
});
