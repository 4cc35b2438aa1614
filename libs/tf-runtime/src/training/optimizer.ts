import type { RunSpec } from '@minvar/contracts';
import { adamw, adamwFeeds, sgd, sgdFeeds } from '@minvar/graph';
import type { OptimizerStep, Value } from '@minvar/graph';
import type { Parameter, ParameterGroup } from '@minvar/models';
import { learningRate } from './schedule';

export interface Optimizer extends OptimizerStep {
  /** numbers fed at the 0-based step of totalSteps, computed in float64 */
  readonly feeds: (step: number, totalSteps: number) => Readonly<Record<string, number>>;
}

/** Groups that weight decay shrinks: weights and the last layer. Gains, shifts and biases keep their scale, as is usual. */
const decayed: Readonly<Record<ParameterGroup, boolean>> = {
  weight: true,
  'last-layer': true,
  normalisation: false,
  bias: false,
};

/**
 * The optimizer of a spec: `adamw` with β (.9, .999), ε 1e-8 and decoupled decay w ← w(1 − lr·wd); `sgd` without momentum and with the
 * decay added to the gradient. Both as in PyTorch.
 */
export function optimizerFor(
  spec: RunSpec['optimizer'],
  parameters: readonly Parameter[],
  gradients: readonly Value[],
): Optimizer {
  const trained = parameters.map((p, i) => ({
    variable: p.variable,
    gradient: gradients[i]!,
    weightDecay: decayed[p.group] ? spec.weightDecay : 0,
  }));
  const step = spec.name === 'adamw' ? adamw(trained) : sgd(trained);
  const feedsOf = (t: number, lr: number): Readonly<Record<string, number>> =>
    spec.name === 'adamw' ? adamwFeeds({ step: t + 1, learningRate: lr }) : sgdFeeds({ learningRate: lr });
  return {
    ...step,
    feeds: (t, total) => {
      const all = feedsOf(t, learningRate(spec, t, total));
      return Object.fromEntries(Object.keys(step.inputs).map((name) => [name, all[name]!]));
    },
  };
}
