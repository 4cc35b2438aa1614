import { describe, expect, it } from 'vitest';
import { admit, emptyProjection } from './projection';

const event = (
  id: string,
  term: number,
  attempt?: number,
): { id: string; subject: string; term: number; data: unknown } => ({
  id,
  subject: 'run_1',
  term,
  data: attempt === undefined ? {} : { attempt },
});
const verdicts = (events: readonly ReturnType<typeof event>[]): string[] => {
  let state = emptyProjection;
  return events.map((e) => {
    const a = admit(state, e);
    state = a.state;
    return a.verdict;
  });
};

describe('what a consumer does with an event', () => {
  it('applies it once however often it comes', () =>
    expect(verdicts([event('a', 1), event('a', 1), event('b', 1), event('a', 1)])).toEqual([
      'apply',
      'repeat',
      'apply',
      'repeat',
    ]));
  it('drops what an owner says after its successor has spoken', () =>
    expect(verdicts([event('a', 1), event('b', 2), event('c', 1)])).toEqual(['apply', 'apply', 'stale']));
  it('drops the end of an attempt that has been retried since', () =>
    expect(verdicts([event('a', 1, 1), event('b', 1, 2), event('c', 1, 1)])).toEqual(['apply', 'apply', 'stale']));
  it('keeps runs apart', () =>
    expect(verdicts([event('a', 5), { ...event('b', 1), subject: 'run_2' }])).toEqual(['apply', 'apply']));
});
