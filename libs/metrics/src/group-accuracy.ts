import { defineMetric } from './define-metric';
import { accuracyOf, groupsOf } from './groups';

export const groupAccuracy = defineMetric({
  name: 'group-accuracy',
  title: 'Accuracy per group',
  description:
    'Accuracy of each group class × attribute value; the single value is the accuracy over all examples that have an attribute.',
  source: 'S. Sagawa, P. W. Koh, T. Hashimoto, P. Liang, ICLR 2020, arXiv 1911.08731',
  needs: ['outcomes'],
  measure: ({ outcomes }, context) => {
    const groups = groupsOf(outcomes, context);
    if (groups.length === 0) return [];
    const sum = (of: 'count' | 'correct'): number => groups.reduce((s, g) => s + g[of], 0);
    return [
      {
        variant: null,
        value: sum('correct') / sum('count'),
        perGroup: groups.map((g) => ({ group: g.group, count: g.count, value: accuracyOf(g) })),
      },
    ];
  },
});
