import { describe, expect, it } from 'vitest';
import { equalParts, liveSplits } from './evaluate';

const split = (name: string, examples: number) => ({
  name,
  examples,
  start: 0,
  labels: new Int32Array(0),
  attributes: null,
  inputs: null as never,
});
const names = (...splits: ReturnType<typeof split>[]): string[] => liveSplits({ splits }).map((s) => s.name);

describe('live splits', () => {
  it('are the training split and one test split, named by how much of them is looked at', () => {
    expect(names(split('train', 5000), split('test-same', 10_000), split('test-random', 10_000))).toEqual([
      'train[:2000]',
      'test-random[:2000]',
    ]);
    expect(names(split('train', 20_000), split('test', 10_000))).toEqual(['train[:4000]', 'test[:4000]']);
    expect(names(split('train', 60_000), split('validation', 5000), split('test', 10_000))).toEqual([
      'train[:5000]',
      'validation',
      'test',
    ]);
    expect(names(split('train', 42), split('test', 42))).toEqual(['train', 'test']);
    expect(names(split('train', 42), split('test-same', 42), split('test-reversed', 42))).toEqual([
      'train',
      'test-same',
    ]);
    expect(names(split('train', 42))).toEqual(['train']);
  });
});

describe('equal parts', () => {
  it('are as few as can be, at most one row apart, and hold every row', () => {
    expect(equalParts(200, 500)).toEqual([200]);
    expect(equalParts(1000, 500)).toEqual([500, 500]);
    expect(equalParts(1001, 500)).toEqual([333, 334, 334]);
    for (const n of [1, 499, 501, 5003, 45_000]) {
      const parts = equalParts(n, 500);
      expect(parts.reduce((a, b) => a + b, 0)).toBe(n);
      expect(Math.max(...parts) - Math.min(...parts)).toBeLessThan(2);
      expect(Math.max(...parts)).toBeLessThanOrEqual(500);
    }
  });
});
