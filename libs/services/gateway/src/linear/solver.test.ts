import { solveLinear, toyPoints } from '@minvar/theory';
import type { LinearProblem } from '@minvar/theory';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bundleLinearWorker } from '../testing/linear-worker';
import { createLinearSolver } from './solver';
import type { LinearSolver } from './solver';

const toy = (more: Partial<LinearProblem> = {}): LinearProblem => ({
  points: toyPoints(),
  loss: 'mixup',
  alpha: 1,
  weightDecay: 1e-3,
  ...more,
});

/** Points on circles: no two alike, so that Mixup over all pairs has much to do. */
const large = (n: number): LinearProblem =>
  toy({
    points: Array.from({ length: n }, (_, i) => ({
      x: [Math.cos(i) + (i % 2 ? 1 : -1), Math.sin(i * i)],
      y: i % 2 ? (1 as const) : (-1 as const),
      weight: 1,
    })),
  });

let workerUrl: URL;
let solver: LinearSolver;
beforeAll(async () => {
  workerUrl = await bundleLinearWorker();
  solver = createLinearSolver({ workerUrl, seconds: 60 });
});
afterAll(() => solver.stop());

describe('the thread that solves linear problems', () => {
  it('gives the same numbers as the theory itself, a maximum-margin direction at infinity included', async () => {
    for (const problem of [toy(), toy({ loss: 'label-smoothing', alpha: 0.1 }), toy({ loss: 'erm', weightDecay: 0 })])
      expect(await solver.solve(problem)).toEqual(solveLinear(problem));
  });

  it('leaves this thread free: timers go on while it works', async () => {
    let ticks = 0;
    const timer = setInterval(() => (ticks += 1), 5);
    await solver.solve(large(300));
    clearInterval(timer);
    expect(ticks).toBeGreaterThan(10);
  });

  it('answers what is wrong with a problem as bad input, with its place', async () => {
    const wrong = solver.solve(toy({ points: [{ x: [1], y: 3 as 1, weight: 1 }] }));
    await expect(wrong).rejects.toMatchObject({
      message: expect.stringContaining('points[0].y is 3') as string,
      extensions: { code: 'BAD_USER_INPUT' },
    });
    expect((await solver.solve(toy())).converged).toBe(true);
  });

  it('gives up after its time, names the limit, and solves the next one', async () => {
    const hasty = createLinearSolver({ workerUrl, seconds: 0.3 });
    const [slow, next] = [hasty.solve(large(2000)), hasty.solve(toy({ loss: 'erm' }))];
    await expect(slow).rejects.toMatchObject({
      message: expect.stringMatching(/^points: 2000 in 2 dimensions under mixup take longer than the 0\.3 s/) as string,
      extensions: { code: 'BAD_USER_INPUT' },
    });
    expect((await next).converged).toBe(true);
    await hasty.stop();
  });

  it('lets only so many wait, and ends those that wait when it stops', async () => {
    const short = createLinearSolver({ workerUrl, seconds: 60, mostWaiting: 2 });
    const asked = [1, 2, 3, 4].map(() => short.solve(large(2000)));
    const settled = Promise.allSettled(asked);
    await expect(asked[3]).rejects.toMatchObject({ message: expect.stringContaining('2 linear problems') as string });
    await short.stop();
    expect((await settled).map((s) => s.status)).toEqual(Array(4).fill('rejected'));
    await expect(short.solve(toy())).rejects.toThrow('stopping');
  });

  it('names a thread that cannot be started', async () => {
    const broken = createLinearSolver({ workerUrl: new URL('nowhere.mjs', workerUrl), seconds: 5 });
    await expect(broken.solve(toy())).rejects.toThrow(/nowhere\.mjs/);
    await broken.stop();
  });
});
