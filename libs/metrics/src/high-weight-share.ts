import { defineMetric } from './define-metric';
import { effectiveNorm } from './effective-norm';

export const highWeightShare = defineMetric({
  name: 'high-weight-share',
  title: 'Weight on the high-variance part',
  description:
    '‖w_H‖² / ‖w‖² of a linear model on data with a low- and a high-variance part, w being what softmax sees of the weights (W_1 − W_0 for two classes); variants low-norm and high-norm: ‖w_L‖ and ‖w_H‖.',
  source: 'M. Chidambaram, R. Ge, arXiv 2402.06855',
  variants: [null, 'low-norm', 'high-norm'],
  needs: ['activations'],
  measure: ({ activations }, { classes, features, lastLayer }) => {
    if (!features || !lastLayer || lastLayer.length !== classes.length * activations.width) return [];
    const norm = (columns: readonly number[]): number => effectiveNorm(lastLayer, classes.length, columns);
    const high = norm(features.high);
    return [
      { variant: null, value: (high / norm(Array.from({ length: activations.width }, (_, j) => j))) ** 2 },
      { variant: 'low-norm', value: norm(features.low) },
      { variant: 'high-norm', value: high },
    ];
  },
});
