import { meanByCount, meanWhereCounted } from './averages';
import { defineMetric } from './define-metric';
import type { ClassMoments } from './folds/moments';
import { ratioOf, traces } from './folds/moments';

const perClassTrace = (m: ClassMoments): number[] => traces(m).map((t, k) => t / m.counts[k]!);

export const logitCovariance = defineMetric({
  name: 'logit-covariance',
  title: 'Logit covariance',
  description:
    'Mean over classes of the trace of the within-class covariance of the logits. Variants: frequency-weighted; centred (logits minus their mean, which softmax does not see); ratio (within classes over total, centred: free of scale).',
  source: 'Near its optimum L − H(q) is ½ E (z − z*)ᵀ(diag q − qqᵀ)(z − z*)',
  variants: [null, 'frequency-weighted', 'centred', 'ratio'],
  needs: ['logits', 'centredLogits'],
  measure: ({ logits, centredLogits }) => {
    const perClass = perClassTrace(logits);
    const centred = perClassTrace(centredLogits);
    return [
      { variant: null, value: meanWhereCounted(perClass, logits.counts), perClass },
      { variant: 'frequency-weighted', value: meanByCount(perClass, logits.counts), perClass },
      { variant: 'centred', value: meanWhereCounted(centred, logits.counts), perClass: centred },
      { variant: 'ratio', ...ratioOf(centredLogits) },
    ];
  },
});
