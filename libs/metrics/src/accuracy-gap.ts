import { defineMetric } from './define-metric';
import { accuracyOf, groupsOf, present } from './groups';

export const accuracyGap = defineMetric({
  name: 'accuracy-gap',
  title: 'Accuracy gap',
  description:
    'Accuracy over all examples with an attribute minus the worst group’s (the unnamed main value); variants: groups weighted alike instead, and best group minus worst.',
  source: 'S. Sagawa, P. W. Koh, T. Hashimoto, P. Liang, ICLR 2020, arXiv 1911.08731',
  variants: [null, 'uniform-minus-worst', 'best-minus-worst'],
  needs: ['outcomes'],
  measure: ({ outcomes }, context) => {
    const groups = present(groupsOf(outcomes, context));
    if (groups.length === 0) return [];
    const accuracies = groups.map(accuracyOf);
    const worst = Math.min(...accuracies);
    const sum = (of: 'count' | 'correct'): number => groups.reduce((s, g) => s + g[of], 0);
    return [
      { variant: null, value: sum('correct') / sum('count') - worst },
      { variant: 'uniform-minus-worst', value: accuracies.reduce((s, v) => s + v / accuracies.length, 0) - worst },
      { variant: 'best-minus-worst', value: Math.max(...accuracies) - worst },
    ];
  },
});
