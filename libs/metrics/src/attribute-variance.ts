import { defineMetric } from './define-metric';
import { scatterTraces } from './folds/moments';

export const attributeVariance = defineMetric({
  name: 'attribute-variance',
  title: 'Variance between attribute values',
  description:
    'Share of the penultimate activation’s variance that lies between the values of the spurious attribute, over the examples that have one: 1 − tr S_W / tr S_T with values in place of classes.',
  source: 'R. A. Fisher’s correlation ratio η²',
  needs: ['attributeActivations'],
  measure: ({ attributeActivations }) => {
    const { between, total } = scatterTraces(attributeActivations);
    return [{ variant: null, value: between / total }];
  },
});
