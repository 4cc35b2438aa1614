import { describe, expect, it } from 'vitest';
import { stackFeeds } from './stack';

describe('feeds of several steps', () => {
  it('lie one after the other, numbers as float32', () => {
    const step = (k: number) => ({
      rate: 0.1 * k,
      indices: Int32Array.of(k, 2 * k),
      lambda: Float32Array.of(1 / k, 0),
    });
    expect(stackFeeds([step(1), step(2)])).toEqual({
      rate: Float32Array.of(0.1, 0.2),
      indices: Int32Array.of(1, 2, 2, 4),
      lambda: Float32Array.of(1, 0, 0.5, 0),
    });
  });

  it('of no step are none to be made', () => {
    expect(() => stackFeeds([])).toThrow('there is no step');
  });
});
