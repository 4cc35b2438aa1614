import { defineMetric } from './define-metric';
import { probe } from './probe';

export const attributeProbe = defineMetric({
  name: 'attribute-probe',
  title: 'Linear probe of the attribute',
  description:
    'Accuracy with which a linear classifier reads the spurious attribute off the penultimate activation: logistic regression with ℓ2 penalty 1e-3 on standardised dimensions, fitted on one half of at most 1,000 examples, judged on the other. Variant majority: the share of the judged half that has its most frequent value.',
  source: 'G. Alain, Y. Bengio, arXiv 1610.01644',
  variants: [null, 'majority'],
  splits: ['train', 'validation', 'test', 'test-random'],
  needs: ['sampledActivations'],
  measure: ({ sampledActivations: { examples, attributes } }) => {
    const found = probe(
      examples.map((e) => ({ target: e.attribute, features: e.activations, judged: e.hash % 2 === 1 })),
      attributes,
    );
    if (!found) return [];
    return [
      { variant: null, value: found.accuracy },
      { variant: 'majority', value: found.majority },
    ];
  },
});
