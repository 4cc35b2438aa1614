import { labelSmoothingFloor } from '@minvar/theory';
import { meanByCount } from './averages';
import { defineMetric } from './define-metric';
import { scatterTraces } from './folds/moments';

/** A slack below this is a violation of the bound, and so a bug. */
export const boundTolerance = -1e-6;

export const boundSlack = defineMetric({
  name: 'bound-slack',
  title: 'Slack of the variance bound',
  description:
    'L − H(q) − E_y tr Cov(p | y), never negative: L is the cross-entropy against the smoothed label q on unmixed inputs (the label itself for ERM and Mixup), classes by their frequency, divisor n, without penalties.',
  source: 'L − H(q) = E KL(q‖p) ≥ E‖q − p‖² ≥ E_y tr Cov(p | y); M. Chidambaram, R. Ge, arXiv 2402.06855',
  needs: ['losses', 'probabilities'],
  measure: ({ losses, probabilities }, { smoothing: { alpha, convention }, classes }) => {
    const k = classes.length;
    // The others' mean cross-entropy is (K uniform − label) / (K − 1).
    const smoothed = losses.label.map((label, c) => {
      const uniform = losses.uniform[c]!;
      const rest = convention === 'all' ? uniform : (k * uniform - label) / (k - 1);
      return alpha === 0 ? label : (1 - alpha) * label + alpha * rest;
    });
    const { n, within } = scatterTraces(probabilities);
    return [
      {
        variant: null,
        value: meanByCount(smoothed, losses.counts) - labelSmoothingFloor(alpha, k, convention) - within / n,
      },
    ];
  },
});
