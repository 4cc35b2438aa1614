import { describe, expect, it } from 'vitest';
import { columnsOf, withPoints } from './series';

describe('points of a live curve', () => {
  it('are in the order of their steps, each once, whatever order they came in', () => {
    const history = withPoints(new Map(), [1, 2, 3], [0.5, 0.4, null]);
    const live = withPoints(history, [3, 2.5], [0.3, 0.35]);
    expect(columnsOf(live)).toEqual([
      [1, 2, 2.5, 3],
      [0.5, 0.4, 0.35, 0.3],
    ]);
    expect(history.get(3)).toBeNull();
  });
});
