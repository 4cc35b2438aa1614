import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { QueuedRun, Turns } from './dispatcher';
import { dispatch, dispatchOrder, takeTurns } from './dispatcher';

const run = (n: number, more: Partial<QueuedRun> = {}): QueuedRun => ({
  runId: `run_${String(n).padStart(5, '0')}`,
  priority: 0,
  shareKey: 'x',
  queuedAt: new Date(1e12 + n).toISOString(),
  groupKey: 'g',
  ...more,
});
const many = (n: number, more: Partial<QueuedRun> = {}, from = 0): QueuedRun[] =>
  Array.from({ length: n }, (_, i) => run(from + i, more));
const ids = (runs: readonly QueuedRun[]): string[] => runs.map((r) => r.runId);

describe('the order of the queue', () => {
  it('puts priority before fairness and fairness before age', () => {
    const queue = [run(1), run(2), run(3, { shareKey: 'y' }), run(4, { shareKey: 'z', priority: 1 })];
    expect(ids(dispatchOrder(queue, new Map()))).toEqual(ids([queue[3]!, queue[0]!, queue[2]!, queue[1]!]));
  });

  it('lets an experiment with runs in service wait for one without', () => {
    const queue = [run(1), run(2, { shareKey: 'y' })];
    expect(ids(dispatchOrder(queue, new Map([['x', 1]])))).toEqual(ids([queue[1]!, queue[0]!]));
  });

  it('is a permutation that does not depend on the order of arrival', () => {
    const runs = fc.array(
      fc.record({ priority: fc.integer({ min: 0, max: 2 }), shareKey: fc.constantFrom('x', 'y', 'z') }),
      { maxLength: 40 },
    );
    fc.assert(
      fc.property(runs, fc.integer(), (given, seed) => {
        const queue = given.map((g, i) => run(i, g));
        const order = ids(dispatchOrder(queue, new Map()));
        expect([...order].sort()).toEqual(ids(queue));
        const shuffled = [...queue].sort(
          (a, b) => ((a.runId.charCodeAt(8) * 31 + seed) % 7) - ((b.runId.charCodeAt(8) * 31 + seed) % 7),
        );
        expect(ids(dispatchOrder(shuffled, new Map()))).toEqual(order);
      }),
    );
  });

  it('within a priority never lets one share get two ahead of another that waits', () => {
    const queue = [...many(20, { shareKey: 'x' }), ...many(10, { shareKey: 'y' }, 100)];
    const order = dispatchOrder(queue, new Map());
    for (let n = 1; n <= 20; n++) {
      const x = order.slice(0, n).filter((r) => r.shareKey === 'x').length;
      expect(Math.abs(x - (n - x))).toBeLessThanOrEqual(1);
    }
  });

  it('with one place takes turns too, and who comes later has its share from then on, not what it missed', () => {
    let queue = many(40, { shareKey: 'x' });
    let turns: Turns = new Map();
    const taken: string[] = [];
    for (let n = 0; queue.length > 0; n++) {
      if (n === 10) queue = [...queue, ...many(10, { shareKey: 'y' }, 100)];
      const [[next]] = dispatch({ queue, active: [], turns, capacity: 1, window: 0, groupLimit: 1 }) as [[QueuedRun]];
      turns = takeTurns(turns, queue, [next]);
      queue = queue.filter((r) => r !== next);
      taken.push(next.shareKey);
    }
    expect(taken.slice(0, 10).join('')).toBe('x'.repeat(10));
    expect(taken.slice(10, 30).filter((key) => key === 'y')).toHaveLength(10);
    for (let n = 10; n < 30; n += 2) expect(new Set(taken.slice(n, n + 2))).toEqual(new Set(['x', 'y']));
  });

  it('orders ten thousand runs of a hundred experiments', () => {
    const queue = Array.from({ length: 10_000 }, (_, i) => run(i, { shareKey: `s${i % 100}` }));
    expect(dispatchOrder(queue, new Map())).toHaveLength(10_000);
    expect(dispatchOrder(queue, new Map(), 12)).toHaveLength(12);
  });
});

describe('starting executions', () => {
  const place = { active: [], capacity: 2, window: 0, groupLimit: 6 };

  it('gives every run its own execution while places are free', () => {
    expect(dispatch({ ...place, queue: many(2) }).map(ids)).toEqual([[run(0).runId], [run(1).runId]]);
  });

  it('shares a TensorFlow process among many small runs and still fills the second place', () => {
    expect(dispatch({ ...place, queue: many(4) }).map((e) => e.length)).toEqual([2, 2]);
    expect(dispatch({ ...place, queue: many(36) }).map((e) => e.length)).toEqual([6, 6]);
  });

  it('groups only runs of one group and priority', () => {
    const starts = dispatch({
      ...place,
      queue: [...many(6, { groupKey: 'g' }), ...many(6, { groupKey: 'h', shareKey: 'y' }, 50)],
    });
    for (const s of starts) expect(new Set(s.map((r) => r.groupKey)).size).toBe(1);
    expect(starts).toHaveLength(2);
  });

  it('starts nothing beyond capacity and window', () => {
    const active = [0, 1].map((n) => ({ executionId: `e${n}`, runs: [run(n)], unclaimed: [] }));
    expect(dispatch({ ...place, active, queue: many(5, {}, 10) })).toEqual([]);
    expect(dispatch({ ...place, active, window: 1, queue: many(5, {}, 10) })).toHaveLength(1);
  });

  it('lets an idle place take over the unclaimed half of the longest execution', () => {
    const runs = many(6);
    const active = [{ executionId: 'e', runs, unclaimed: runs.slice(1) }];
    expect(dispatch({ ...place, active, queue: [] }).map(ids)).toEqual([ids(runs.slice(3))]);
    expect(dispatch({ ...place, active: [{ ...active[0]!, unclaimed: [] }], queue: [] })).toEqual([]);
  });

  it('never starts a run twice, never leaves a place empty while a run waits', () => {
    const runs = fc.array(
      fc.record({
        priority: fc.integer({ min: 0, max: 1 }),
        shareKey: fc.constantFrom('x', 'y'),
        groupKey: fc.constantFrom('g', 'h'),
      }),
      { maxLength: 30 },
    );
    fc.assert(
      fc.property(
        runs,
        fc.integer({ min: 1, max: 4 }),
        fc.integer({ min: 1, max: 6 }),
        (given, capacity, groupLimit) => {
          const starts = dispatch({
            queue: given.map((g, i) => run(i, g)),
            active: [],
            capacity,
            window: 0,
            groupLimit,
          });
          const started = starts.flatMap(ids);
          expect(new Set(started).size).toBe(started.length);
          expect(starts.length).toBeLessThanOrEqual(capacity);
          expect(starts).toHaveLength(Math.min(capacity, given.length));
          for (const s of starts) expect(s.length).toBeLessThanOrEqual(groupLimit);
        },
      ),
    );
  });
});
