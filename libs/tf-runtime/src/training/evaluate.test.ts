import { describe, expect, it } from 'vitest';
import { liveSplits } from './evaluate';

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
      'train',
      'test-random[:2000]',
    ]);
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
