import { meanByCount } from './averages';
import { defineMetric } from './define-metric';

export const brier = defineMetric({
  name: 'brier',
  title: 'Brier score',
  description: 'Mean of Σ_k (p_k − 1[y = k])², from 0 to 2.',
  source: 'G. Brier, Monthly Weather Review 78, 1950',
  needs: ['squaredErrors'],
  measure: ({ squaredErrors: s }) => [
    {
      variant: null,
      value: meanByCount(s.mean, s.counts),
      perClass: Array.from(s.mean, (v, k) => (s.counts[k] === 0 ? Number.NaN : v)),
    },
  ],
});
