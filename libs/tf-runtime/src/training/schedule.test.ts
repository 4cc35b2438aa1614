import { describe, expect, it } from 'vitest';
import { learningRate } from './schedule';

const optimizer = { name: 'adamw', lr: 0.1, weightDecay: 0, schedule: 'cosine' } as const;

describe('learning rate', () => {
  it('is constant when the schedule says so', () => {
    expect(learningRate({ ...optimizer, schedule: 'constant' }, 99, 100)).toBe(0.1);
  });

  it('falls along a half cosine: lr, lr/2 half way, close to 0 at the last step', () => {
    expect(learningRate(optimizer, 0, 100)).toBe(0.1);
    expect(learningRate(optimizer, 50, 100)).toBeCloseTo(0.05, 15);
    // PyTorch 2.x: CosineAnnealingLR(T_max=100) after 99 steps of base 0.1
    expect(learningRate(optimizer, 99, 100)).toBeCloseTo(2.4671981713420017e-5, 15);
  });
});
