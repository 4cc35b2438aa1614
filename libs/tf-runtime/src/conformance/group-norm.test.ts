import '../testing/quiet';
import { groupNorm, input, type Example } from '@minvar/graph';
import { describe, expect, it } from 'vitest';
import { measure, prepare } from './check-example';
import { expectClose } from './expect-close';

const shape = [2, 2, 3, 4] as const;
const images = Array.from({ length: 48 }, (_, i) => Math.sin(3 * i) * 2 + (i % 4) * 5);
const [gain, shift] = [
  [1, 2, 0.5, -1],
  [0, 0.5, -1, 3],
];

const example = (groups: number, precision: 'float32' | 'float64' = 'float64'): Example => ({
  title: `${groups} groups`,
  precision,
  inputs: [
    { shape, dtype: 'float', values: images, batch: true },
    { shape: [4], dtype: 'float', values: gain!, batch: false },
    { shape: [4], dtype: 'float', values: shift!, batch: false },
  ],
  build: (x, scale, offset) => groupNorm(x!, { scale: scale!, offset: offset!, groups }),
});

/** From the definition: an example's group of channels over all positions, by its mean and biased variance. */
function byHand(groups: number): number[] {
  const size = 4 / groups;
  const groupOf = (i: number) => `${Math.floor(i / 24)}/${Math.floor((i % 4) / size)}`;
  return images.map((x, i) => {
    const members = images.filter((_, j) => groupOf(j) === groupOf(i));
    const mean = members.reduce((a, b) => a + b, 0) / members.length;
    const variance = members.reduce((a, b) => a + (b - mean) ** 2, 0) / members.length;
    return ((x - mean) / Math.sqrt(variance + 1e-5)) * gain![i % 4]! + shift![i % 4]!;
  });
}

describe('group normalisation', () => {
  it.each([1, 2, 4])('with %s groups of 4 channels is its definition, and agrees with finite differences', (groups) => {
    const prepared = prepare(example(groups), { unknownBatch: true, differentiate: true });
    const { values, slopes } = measure(example(groups), prepared);
    byHand(groups).forEach((y, i) => expect(values[0]![i]).toBeCloseTo(y, 10));
    expect(slopes).toHaveLength(3);
    for (const { analytic, numeric } of slopes) expectClose(analytic, numeric, example(groups));
  });

  it('is the same in float32', () => {
    const { values } = measure(example(2, 'float32'), prepare(example(2, 'float32'), { differentiate: false }));
    byHand(2).forEach((y, i) => expect(values[0]![i]).toBeCloseTo(y, 4));
  });

  it('refuses groups that do not divide the channels, and unknown positions', () => {
    const vector = input('v', 'float32', [4]);
    const normalise = (dims: (number | null)[], groups: number) => () =>
      groupNorm(input('x', 'float32', dims), { scale: vector, offset: vector, groups });
    expect(normalise([null, 2, 2, 4], 3)).toThrow('4 channels cannot be divided into 3 groups');
    expect(normalise([null, null, 2, 4], 2)).toThrow('with only n unknown');
  });
});
