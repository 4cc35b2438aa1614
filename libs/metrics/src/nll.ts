import { meanByCount } from './averages';
import { defineMetric } from './define-metric';
import { fittedTemperature, nllAt } from './folds/temperature';

export const nll = defineMetric({
  name: 'nll',
  title: 'Negative log-likelihood',
  description:
    'Mean of −log p_y in nats. Variants: temperature-fitted (of softmax(z/T), T minimising it on the same split within [1/64, 64]) and temperature (that T; above 1 the network is too sure).',
  source: 'C. Guo et al., ICML 2017, arXiv 1706.04599',
  variants: [null, 'temperature-fitted', 'temperature'],
  needs: ['losses'],
  measure: ({ losses: s }) => [
    {
      variant: null,
      value: meanByCount(s.label, s.counts),
      perClass: Array.from(s.label, (v, k) => (s.counts[k] === 0 ? Number.NaN : v)),
    },
  ],
  details: {
    needs: ['keptLogits'],
    measure: ({ keptLogits }, { classes }) => {
      const temperature = fittedTemperature(keptLogits, classes.length);
      return [
        { variant: 'temperature-fitted', value: nllAt(keptLogits, classes.length, temperature) },
        { variant: 'temperature', value: temperature },
      ];
    },
  },
});
