import { describe, expect, it } from 'vitest';
import { broadcastShapes, compatible, elementCount, normaliseAxis, stretchedAxes } from './shape';

describe('shapes', () => {
  it('broadcast by NumPy’s rule', () => {
    expect(broadcastShapes([2, 1, 4], [3, 1], 'add')).toEqual([2, 3, 4]);
    expect(broadcastShapes([], [5], 'add')).toEqual([5]);
    expect(() => broadcastShapes([2, 3], [2, 4], 'add')).toThrow(
      'add: shapes [2, 3] and [2, 4] do not broadcast (3 against 4)',
    );
  });

  it('take an unknown size as the same on both sides, and as what the other side knows', () => {
    expect(broadcastShapes([null, 3], [null, 3], 'add')).toEqual([null, 3]);
    expect(broadcastShapes([null, 3], [7, 1], 'add')).toEqual([7, 3]);
    expect(broadcastShapes([null, 3], [1, 3], 'add')).toEqual([null, 3]);
  });

  it('name the axes that a gradient is summed over', () => {
    expect(stretchedAxes([3, 1], [2, 3, 4])).toEqual([0, 2]);
    expect(stretchedAxes([null, 3], [null, 3])).toEqual([]);
    expect(stretchedAxes([1, 3], [null, 3])).toEqual([0]);
  });

  it('compare and count as far as they are known', () => {
    expect(compatible([null, 3], [2, 3])).toBe(true);
    expect(compatible([2, 3], [2, 4])).toBe(false);
    expect(compatible([2], [2, 1])).toBe(false);
    expect(elementCount([2, 3])).toBe(6);
    expect(elementCount([2, null])).toBeNull();
  });

  it('refuse an axis that does not exist', () => {
    expect(normaliseAxis(-1, 3, 'sum')).toBe(2);
    expect(() => normaliseAxis(3, 3, 'sum')).toThrow('sum: axis 3 does not exist in a tensor of rank 3');
  });
});
