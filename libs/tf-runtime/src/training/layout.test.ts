import { describe, expect, it } from 'vitest';
import { fromTorch, torchShape, toTorch } from './layout';

describe('filter layouts', () => {
  // np.arange(24).reshape(1, 2, 3, 4).transpose(3, 2, 0, 1).ravel()
  const transposed = [0, 12, 4, 16, 8, 20, 1, 13, 5, 17, 9, 21, 2, 14, 6, 18, 10, 22, 3, 15, 7, 19, 11, 23];
  const values = Float32Array.from({ length: 24 }, (_, i) => i);

  it('HWIO becomes OIHW as NumPy transposes it, and back', () => {
    expect([...toTorch(values, [1, 2, 3, 4])]).toEqual(transposed);
    expect(torchShape([1, 2, 3, 4])).toEqual([4, 3, 1, 2]);
    expect(fromTorch(toTorch(values, [1, 2, 3, 4]), [1, 2, 3, 4])).toEqual(values);
  });

  it('leaves matrices and vectors alone', () => {
    expect(toTorch(values, [6, 4])).toBe(values);
    expect(torchShape([6, 4])).toEqual([6, 4]);
  });
});
