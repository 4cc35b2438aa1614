import { defineMetric } from './define-metric';
import { scatterTraces } from './folds/moments';

export const mixupBoundSlack = defineMetric({
  name: 'mixup-bound-slack',
  title: 'Slack of Mixup’s variance bound',
  description:
    'L − E H(λ) − E tr Cov(p(x_λ) | λ, y_i, y_j) on mixed inputs of a fixed set of pairs, never negative: L is the cross-entropy against λe_yi + (1 − λ)e_yj.',
  source: 'L − H(q) = E KL(q‖p) ≥ E‖q − p‖² ≥ E tr Cov(p | q); M. Chidambaram, R. Ge, arXiv 2402.06855',
  needs: ['mixedOutputs'],
  measure: ({ mixedOutputs: s }) => {
    const within = [...s.cells.values()].reduce((sum, cell) => sum + scatterTraces(cell).within, 0);
    return [{ variant: null, value: s.loss - s.entropy - within / s.count }];
  },
});
