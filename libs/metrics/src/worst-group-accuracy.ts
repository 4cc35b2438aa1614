import { defineMetric } from './define-metric';
import { accuracyOf, groupsOf, present } from './groups';

export const worstGroupAccuracy = defineMetric({
  name: 'worst-group-accuracy',
  title: 'Worst-group accuracy',
  description: 'The lowest accuracy of a group class × attribute value that has examples.',
  source: 'S. Sagawa, P. W. Koh, T. Hashimoto, P. Liang, ICLR 2020, arXiv 1911.08731',
  needs: ['outcomes'],
  measure: ({ outcomes }, context) => {
    const groups = present(groupsOf(outcomes, context));
    if (groups.length === 0) return [];
    return [{ variant: null, value: Math.min(...groups.map(accuracyOf)) }];
  },
});
