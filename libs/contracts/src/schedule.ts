import type { RunSpec } from './run-spec';

/** Share of all steps over which `warmup-cosine` rises to its learning rate: 10 of 200 epochs. */
export const warmupShare = 0.05;

/**
 * Learning rate of the (0-based) step of `totalSteps`, in float64. `cosine` is Loshchilov & Hutter, SGDR (ICLR 2017, arXiv 1608.03983),
 * equation 5, without restarts: from lr at the first step towards 0 after the last. `warmup-cosine` rises in equal steps to lr over the first
 * twentieth of the steps (P. Goyal et al., arXiv 1706.02677) and is the cosine over the rest.
 */
export function learningRate(optimizer: RunSpec['optimizer'], step: number, totalSteps: number): number {
  const { lr, schedule } = optimizer;
  if (schedule === 'constant') return lr;
  const rising = schedule === 'warmup-cosine' ? Math.round(warmupShare * totalSteps) : 0;
  if (step < rising) return (lr * (step + 1)) / rising;
  return (lr * (1 + Math.cos((Math.PI * (step - rising)) / (totalSteps - rising)))) / 2;
}

/** Σ lr·wd over the steps of a run: how far decay alone shrinks a weight, w → e^−Σ w for AdamW. */
export function weightDecayDose(optimizer: RunSpec['optimizer'], steps: number): number {
  if (optimizer.weightDecay === 0) return 0;
  let sum = 0;
  for (let step = 0; step < steps; step++) sum += learningRate(optimizer, step, steps);
  return sum * optimizer.weightDecay;
}
