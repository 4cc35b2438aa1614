import { defineMetric } from './define-metric';
import { accuracyOf, groupsOf, present } from './groups';

const mean = (x: readonly number[]): number => x.reduce((s, v) => s + v / x.length, 0);

export const averageGroupAccuracy = defineMetric({
  name: 'average-group-accuracy',
  title: 'Average accuracy over groups',
  description:
    'Accuracy averaged over groups under a declared weighting: each group that has examples alike (also the unnamed main value), groups by their frequency, or classes alike with the groups of a class alike.',
  source: 'S. Sagawa, P. W. Koh, T. Hashimoto, P. Liang, ICLR 2020, arXiv 1911.08731',
  variants: [null, 'uniform', 'frequency', 'class-uniform'],
  needs: ['outcomes'],
  measure: ({ outcomes }, context) => {
    const groups = present(groupsOf(outcomes, context));
    if (groups.length === 0) return [];
    const uniform = mean(groups.map(accuracyOf));
    const sum = (of: 'count' | 'correct'): number => groups.reduce((s, g) => s + g[of], 0);
    const classes = [...new Set(groups.map((g) => g.class))];
    const byClass = classes.map((k) => mean(groups.filter((g) => g.class === k).map(accuracyOf)));
    return [
      { variant: null, value: uniform },
      { variant: 'uniform', value: uniform },
      { variant: 'frequency', value: sum('correct') / sum('count') },
      { variant: 'class-uniform', value: mean(byClass) },
    ];
  },
});
