import { describe, expect, it } from 'vitest';
import { advance, isStale } from './projection';
import type { RunVersion, Versioned } from './projection';

const event = (term: number | null, attempt?: number): Versioned => ({
  term,
  data: attempt === undefined ? {} : { attempt },
});
/** Which of a run's events would change its row. */
const applied = (events: readonly Versioned[]): boolean[] => {
  let known: RunVersion | null = null;
  return events.map((e) => {
    if (isStale(known, e)) return false;
    known = advance(known, e);
    return true;
  });
};

describe('what a consumer does with a run’s event', () => {
  it('drops what an owner says after its successor has spoken', () =>
    expect(applied([event(1), event(2), event(1), event(2)])).toEqual([true, true, false, true]));
  it('drops the end of an attempt that has been retried since, whatever its term', () =>
    expect(applied([event(1, 1), event(1, 2), event(1, 1), event(7, 1), event(1, 2)])).toEqual([
      true,
      true,
      false,
      false,
      true,
    ]));
  it('takes what has no term, or no attempt, without going back', () =>
    expect(applied([event(3, 2), event(null), event(null, 2), event(2), event(3)])).toEqual([
      true,
      true,
      true,
      false,
      true,
    ]));
});
