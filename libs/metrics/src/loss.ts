import { meanByCount } from './averages';
import { defineMetric } from './define-metric';

export const loss = defineMetric({
  name: 'loss',
  title: 'Loss',
  description:
    'Mean negative log-likelihood of the label in nats, −log p_y: the same for every method (the loss that a method trains on is another number).',
  source: null,
  needs: ['losses'],
  measure: ({ losses: s }) => [
    {
      variant: null,
      value: meanByCount(s.label, s.counts),
      perClass: [...s.label].map((v, k) => (s.counts[k]! === 0 ? Number.NaN : v)),
    },
  ],
});
