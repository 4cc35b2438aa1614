import { describe, expect, it } from 'vitest';
import { learningRate, weightDecayDose } from './schedule';

const optimizer = { name: 'adamw', lr: 1e-3, weightDecay: 5e-4, schedule: 'constant' } as const;

describe('schedules', () => {
  it('a constant one decays weights by 4 % over 78,000 steps at lr 1e-3 and wd 5e-4', () => {
    expect(weightDecayDose(optimizer, 78_000)).toBeCloseTo(0.039, 12);
    expect(1 - Math.exp(-weightDecayDose(optimizer, 78_000))).toBeCloseTo(0.038, 3);
    expect(weightDecayDose({ ...optimizer, weightDecay: 0 }, 78_000)).toBe(0);
  });

  it('a cosine one has half the dose', () => {
    expect(weightDecayDose({ ...optimizer, schedule: 'cosine' }, 1000)).toBeCloseTo(2.5e-4 + 2.5e-7, 10);
  });

  it('a warm-up rises in equal steps to the learning rate, then falls as the cosine does', () => {
    const warm = { ...optimizer, schedule: 'warmup-cosine' } as const;
    const rates = Array.from({ length: 100 }, (_, step) => learningRate(warm, step, 100));
    expect(rates.slice(0, 6)).toEqual([0.2, 0.4, 0.6, 0.8, 1, 1].map((v) => expect.closeTo(v * 1e-3, 15)));
    for (let step = 6; step < 100; step++) expect(rates[step]!).toBeLessThan(rates[step - 1]!);
    expect(rates[99]!).toBeGreaterThan(0);
    expect(rates[99]!).toBeLessThan(1e-6);
    // too short for a warm-up: the cosine
    expect(learningRate(warm, 0, 5)).toBe(1e-3);
  });
});
