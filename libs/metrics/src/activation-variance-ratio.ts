import { defineMetric } from './define-metric';
import { ratioOf } from './folds/moments';

export const activationVarianceRatio = defineMetric({
  name: 'activation-variance-ratio',
  title: 'Activation variance, scale-free',
  description:
    'tr S_W / tr S_T of the penultimate activation: the share of its variance that lies within classes. Per class: the trace of the class’s own covariance over tr S_T.',
  source: 'V. Papyan, X. Han, D. Donoho, Prevalence of neural collapse, PNAS 2020 (S_W, S_T)',
  needs: ['activations'],
  measure: ({ activations }) => [{ variant: null, ...ratioOf(activations) }],
});
