import { applyAdam } from '../ops/apply-adam';
import { assignSub } from '../ops/assign-sub';
import { mul } from '../ops/mul';
import { input } from '../ops/placeholder';
import { variable } from '../ops/var-handle';
import type { OptimizerStep, Trained } from './optimizer';

export interface AdamwSettings {
  readonly beta1?: number;
  readonly beta2?: number;
}

/**
 * AdamW as PyTorch documents it (Loshchilov & Hutter 2019, algorithm 2, with the learning rate in the decay):
 *
 *   w ← w (1 − lr·λ);  m ← β₁m + (1−β₁)g;  v ← β₂v + (1−β₂)g²;  w ← w − lr · m̂ / (√v̂ + ε),
 *
 * m̂ = m/(1−β₁ᵗ), v̂ = v/(1−β₂ᵗ). TensorFlow's kernel puts ε inside the correction, so the host feeds
 * stepSize = lr·√(1−β₂ᵗ)/(1−β₁ᵗ) and epsilon = ε·√(1−β₂ᵗ) (see `adamwFeeds`), which is the same quotient.
 */
export function adamw(trained: readonly Trained[], { beta1 = 0.9, beta2 = 0.999 }: AdamwSettings = {}): OptimizerStep {
  const dtype = trained[0]?.variable.dtype ?? 'float32';
  const learningRate = input('adamw/learningRate', dtype, []);
  const stepSize = input('adamw/stepSize', dtype, []);
  const epsilon = input('adamw/epsilon', dtype, []);
  const state = trained.map(({ variable: w }) => ({
    m: variable({ name: `${w.name}.adamw.m`, dtype: w.dtype, shape: w.shape }),
    v: variable({ name: `${w.name}.adamw.v`, dtype: w.dtype, shape: w.shape }),
  }));
  const updates = trained.flatMap(({ variable: w, gradient, weightDecay }, i) => {
    const decay = weightDecay === 0 ? [] : [assignSub(w, mul(w.value, mul(learningRate, weightDecay)))];
    return [...decay, applyAdam({ w, ...state[i]! }, gradient, { stepSize, epsilon, beta1, beta2 }, { after: decay })];
  });
  return {
    inputs: { learningRate, stepSize, epsilon },
    state: state.flatMap(({ m, v }) => [m, v]),
    updates,
  };
}

/**
 * What `adamw` is fed at step `step`, counted from 1, in float64. Pass the same betas; for float32 variables they are taken as
 * the kernel sees them, rounded to float32, so that correction and average agree.
 */
export function adamwFeeds({
  step,
  learningRate,
  epsilon = 1e-8,
  beta1 = 0.9,
  beta2 = 0.999,
  dtype = 'float32',
}: AdamwSettings & {
  readonly step: number;
  readonly learningRate: number;
  readonly epsilon?: number;
  readonly dtype?: 'float32' | 'float64';
}): { readonly learningRate: number; readonly stepSize: number; readonly epsilon: number } {
  if (!Number.isInteger(step) || step < 1) throw new Error(`adamwFeeds: step ${step} should be 1, 2, …`);
  const seen = dtype === 'float32' ? Math.fround : (x: number) => x;
  const root = Math.sqrt(1 - seen(beta2) ** step);
  return { learningRate, stepSize: (learningRate * root) / (1 - seen(beta1) ** step), epsilon: epsilon * root };
}
