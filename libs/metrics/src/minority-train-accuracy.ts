import { defineMetric } from './define-metric';
import { groupsOf, present } from './groups';

export const minorityTrainAccuracy = defineMetric({
  name: 'minority-train-accuracy',
  title: 'Train accuracy of the minority',
  description:
    'Accuracy on the training examples whose attribute is not their class’s most frequent one: low values mean that a gap in the test may be plain underfitting.',
  source: 'S. Sagawa, A. Raghunathan, P. W. Koh, P. Liang, ICML 2020, arXiv 2005.04345',
  needs: ['outcomes'],
  splits: ['train'],
  measure: ({ outcomes }, context) => {
    const groups = present(groupsOf(outcomes, context));
    const most = context.classes.map((_, k) => groups.reduce((m, g) => (g.class === k ? Math.max(m, g.count) : m), 0));
    const minority = groups.filter((g) => g.count < most[g.class]!);
    if (minority.length === 0) return [];
    const sum = (of: 'count' | 'correct', k?: number): number =>
      minority.reduce((s, g) => (k === undefined || g.class === k ? s + g[of] : s), 0);
    return [
      {
        variant: null,
        value: sum('correct') / sum('count'),
        perClass: context.classes.map((_, k) => sum('correct', k) / sum('count', k)),
      },
    ];
  },
});
