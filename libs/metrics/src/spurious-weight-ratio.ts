import { defineMetric } from './define-metric';
import { effectiveNorm } from './effective-norm';

export const spuriousWeightRatio = defineMetric({
  name: 'spurious-weight-ratio',
  title: 'Weight on the spurious part',
  description:
    '‖w_spurious‖ / ‖w_rest‖ of a linear model on data whose spurious dimensions are known, w being what softmax sees of the weights (each class’s row minus their mean).',
  source: 'M. Chidambaram, R. Ge, arXiv 2402.06855',
  needs: ['activations'],
  measure: ({ activations }, { classes, features, lastLayer }) => {
    const spurious = features?.spurious ?? [];
    if (spurious.length === 0 || !lastLayer || lastLayer.length !== classes.length * activations.width) return [];
    const rest = Array.from({ length: activations.width }, (_, j) => j).filter((j) => !spurious.includes(j));
    const norm = (columns: readonly number[]): number => effectiveNorm(lastLayer, classes.length, columns);
    return [{ variant: null, value: norm(spurious) / norm(rest) }];
  },
});
