import { defineMetric } from './define-metric';
import { ofClass } from './folds/outcomes';

export const error = defineMetric({
  name: 'error',
  title: 'Error',
  description:
    'Share of examples whose largest logit is not their label’s (the first of equals counts; a NaN is an error).',
  source: null,
  needs: ['outcomes'],
  measure: ({ outcomes: s }) => {
    const counts = Array.from({ length: s.classes }, (_, k) => ofClass(s, 'count', k));
    const wrong = counts.map((n, k) => n - ofClass(s, 'correct', k));
    const sum = (x: readonly number[]): number => x.reduce((a, v) => a + v, 0);
    return [{ variant: null, value: sum(wrong) / sum(counts), perClass: wrong.map((w, k) => w / counts[k]!) }];
  },
});
