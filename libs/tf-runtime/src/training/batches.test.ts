import { describe, expect, it } from 'vitest';
import { planEpochs } from './batches';

const spec = { seed: 100, batchSize: 4, dataOrder: 'shuffled' } as const;
const all = (plan: ReturnType<typeof planEpochs>, epoch: number): number[] =>
  Array.from({ length: plan.steps }, (_, step) => [...plan.batch(epoch, step)]).flat();

describe('batches of an epoch', () => {
  it('show every example once, in another order each epoch', () => {
    const plan = planEpochs(spec, 10);
    expect(plan.steps).toBe(3);
    expect([...all(plan, 0)].sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(all(plan, 1)).not.toEqual(all(plan, 0));
  });

  it('can be asked for from the middle: a resumed run sees the same', () => {
    const first = planEpochs(spec, 10);
    all(first, 0);
    expect(planEpochs(spec, 10).batch(7, 1)).toEqual(first.batch(7, 1));
  });

  it('keep the order of the split when it is sequential', () => {
    expect(all(planEpochs({ ...spec, dataOrder: 'sequential' }, 8), 3)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  });

  it('leave out one left-over example and shrink to a small data set', () => {
    expect(planEpochs(spec, 9).steps).toBe(2);
    const small = planEpochs({ ...spec, batchSize: 128 }, 3);
    expect([small.steps, small.batchSize, small.batch(0, 0).length]).toEqual([1, 3, 3]);
  });
});
