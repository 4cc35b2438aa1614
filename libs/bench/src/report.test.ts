import { describe, expect, it } from 'vitest';
import { median, pairedRatio, slope } from './report';
import { flopsPerImage, measuredOf } from './train/cases';

describe('figures of a benchmark', () => {
  it('the ratio is taken round by round, so that a machine that slows down does not move it', () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 2, 3])).toBe(2.5);
    expect(pairedRatio([20, 10, 5], [10, 5, 2.5])).toEqual({ ratio: 2, low: 2, high: 2 });
    expect(pairedRatio([20], [10])).toEqual({ ratio: 2, low: null, high: null });
  });

  it('a slope is the one of the least-squares line', () => {
    expect(slope([1, 2, 3, 4], [5, 7, 9, 11])).toBeCloseTo(2, 12);
    expect(slope([0, 1, 2], [1, 1, 1])).toBe(0);
  });

  it('ResNet-18 at width 64 takes 3.33 billion operations an image and step', () => {
    expect(flopsPerImage(64) / 1e9).toBeCloseTo(3.33, 2);
    // all but the first convolution and the last layer grow with the square of the width
    expect(flopsPerImage(64) / flopsPerImage(32)).toBeCloseTo(4, 1);
  });

  it('after an epoch the peer’s script measures as many images as a run does', () => {
    expect(measuredOf({ examples: 9984, testExamples: 2000 })).toEqual({ train: 2000, test: 2000 });
    expect(measuredOf({ examples: 50_000, testExamples: 10_000 })).toEqual({ train: 5000, test: 10_000 });
  });
});
