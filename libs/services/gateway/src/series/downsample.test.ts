import { describe, expect, it } from 'vitest';
import { downsample } from './downsample';

const line = (n: number, f: (i: number) => number) => {
  const x = Array.from({ length: n }, (_, i) => i);
  return { x, y: x.map(f) };
};

describe('downsampling', () => {
  it('keeps everything that fits', () => {
    const { x, y } = line(10, (i) => i);
    expect(downsample(x, y, 10, 'MIN_MAX')).toEqual(x);
    expect(downsample(x, y, 3, 'NONE')).toEqual(x);
  });

  it('MIN_MAX keeps every spike: lowest and highest value of the whole curve survive', () => {
    const { x, y } = line(10_000, (i) => (i === 4321 ? 50 : i === 777 ? -50 : Math.sin(i / 100)));
    const kept = downsample(x, y, 100, 'MIN_MAX');
    expect(kept.length).toBeLessThanOrEqual(100);
    expect(kept).toContain(4321);
    expect(kept).toContain(777);
    expect(kept[0]).toBe(0);
    expect(kept.at(-1)).toBe(9999);
    expect(kept).toEqual([...new Set(kept)].sort((a, b) => a - b));
  });

  it('LTTB chooses the points that the algorithm’s own description gives on a curve worked by hand', () => {
    // 7/3 points a bucket: {1 2} {3 4} {5 6 7}. Twice the triangles: with (0, 0) and the mean (3.5, 0) of the next bucket 3.5 and
    // 17.5; then with (2, 5) and (6, −2) 13 and 6; then with (3, 0) and (8, 0) 0, 35 and 5.
    const x = [0, 1, 2, 3, 4, 5, 6, 7, 8];
    const y = [0, 1, 5, 0, 0, 0, -7, 1, 0];
    expect(downsample(x, y, 5, 'LTTB')).toEqual([0, 2, 3, 6, 8]);
  });

  it('LTTB of a straight line keeps the number asked for, both ends and the order', () => {
    const { x, y } = line(5000, (i) => 2 * i);
    const kept = downsample(x, y, 77, 'LTTB');
    expect(kept).toHaveLength(77);
    expect([kept[0], kept.at(-1)]).toEqual([0, 4999]);
    expect(kept).toEqual([...kept].sort((a, b) => a - b));
  });

  it('never hides that a value was not finite', () => {
    for (const how of ['MIN_MAX', 'LTTB'] as const) {
      const { x, y } = line(1000, (i) => (i === 500 ? Number.NaN : i % 7));
      expect(downsample(x, y, 20, how)).toContain(500);
    }
  });

  it('answers tiny budgets', () => {
    const { x, y } = line(100, (i) => (i === 50 ? 9 : 0));
    expect(downsample(x, y, 1, 'LTTB')).toEqual([99]);
    expect(downsample(x, y, 2, 'MIN_MAX')).toEqual([0, 99]);
    expect(downsample(x, y, 3, 'MIN_MAX')).toEqual([0, 50, 99]);
  });
});
