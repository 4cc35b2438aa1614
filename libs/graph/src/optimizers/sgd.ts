import { add } from '../ops/add';
import { assign } from '../ops/assign';
import { assignSub } from '../ops/assign-sub';
import { mul } from '../ops/mul';
import { input } from '../ops/placeholder';
import { readAfter, variable } from '../ops/var-handle';
import type { OptimizerStep, Trained } from './optimizer';

/**
 * Stochastic gradient descent as PyTorch documents it: g ← g + λw; with momentum μ: b ← μb + g, g ← b; w ← w − lr·g.
 * The buffer starts at zero, which gives PyTorch's first step b = g.
 */
export function sgd(trained: readonly Trained[], { momentum = 0 }: { readonly momentum?: number } = {}): OptimizerStep {
  const dtype = trained[0]?.variable.dtype ?? 'float32';
  const learningRate = input('sgd/learningRate', dtype, []);
  const steps = trained.map(({ variable: w, gradient, weightDecay }) => {
    const g = weightDecay === 0 ? gradient : add(gradient, mul(w.value, weightDecay));
    if (momentum === 0) return { state: [], updates: [assignSub(w, mul(g, learningRate))] };
    const buffer = variable({ name: `${w.name}.sgd.momentum`, dtype: w.dtype, shape: w.shape });
    const kept = assign(buffer, add(mul(buffer.value, momentum), g));
    return { state: [buffer], updates: [kept, assignSub(w, mul(readAfter(buffer, [kept]), learningRate))] };
  });
  return {
    inputs: { learningRate },
    state: steps.flatMap((s) => s.state),
    updates: steps.flatMap((s) => s.updates),
  };
}

/** What `sgd` is fed at each step. */
export const sgdFeeds = ({ learningRate }: { readonly learningRate: number }): { readonly learningRate: number } => ({
  learningRate,
});
