import { describe, expect, it } from 'vitest';
import { createPace } from './pace';

/** Steps of each of the first runs on a machine where a run costs so much, and each step of it. */
function runs(count: number, ms: (steps: number, run: number) => number, ladder: [number, ...number[]] = [1, 2, 4, 8]) {
  const pace = createPace(ladder, 100);
  return Array.from({ length: count }, (_, run) => {
    const steps = pace.next(1000);
    pace.took(steps, ms(steps, run));
    return steps;
  });
}

describe('steps a run', () => {
  it('grow one rung at a time while the next run would stay short; the first run of a rung does not count', () => {
    expect(runs(13, (k) => 1 + 2 * k)).toEqual([1, 1, 1, 1, 2, 2, 2, 2, 4, 4, 4, 4, 8]);
    // A first run that compiles for a minute says nothing about the next.
    expect(runs(5, (k, run) => (run === 0 ? 60_000 : 2 * k))).toEqual([1, 1, 1, 1, 2]);
  });

  it('stop growing where a longer run would take too long', () => {
    expect(runs(12, (k) => 40 * k)).toEqual([1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2]);
    expect(runs(6, (k) => 400 * k)).toEqual(Array(6).fill(1));
  });

  it('shrink when the machine has become slower, and not at a single slow run', () => {
    const slow = runs(20, (k, run) => (run < 12 ? 10 * k : 60 * k));
    expect(slow.slice(0, 14)).toEqual([1, 1, 1, 1, 2, 2, 2, 2, 4, 4, 4, 4, 8, 8]);
    expect(slow.slice(16)).toEqual([4, 4, 4, 2]);
    expect(runs(12, (k, run) => (run === 10 ? 1000 : 10 * k)).slice(8)).toEqual([4, 4, 4, 4]);
  });

  it('are one where less of the epoch is left, and keep to a ladder of one rung', () => {
    const pace = createPace([4]);
    expect([pace.next(9), pace.next(5), pace.next(1), pace.next(0)]).toEqual([4, 4, 1, 1]);
    expect(runs(6, () => 1, [4])).toEqual(Array(6).fill(4));
    expect(runs(6, () => 1, [1])).toEqual(Array(6).fill(1));
  });
});
