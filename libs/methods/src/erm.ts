import { z } from 'zod';
import { crossEntropy, oneHotTargets, unsmoothed } from './blocks';
import { defineMethod } from './define-method';

/** Empirical risk minimisation: cross-entropy on the labels as they are. Weight decay belongs to the optimizer. */
export const erm = defineMethod({
  name: 'erm',
  title: 'ERM',
  description: 'Empirical risk minimisation: cross-entropy against the label.',
  source: 'V. Vapnik, Principles of risk minimization for learning theory, NIPS 1991',
  parameters: z.strictObject({}),
  neutral: {},
  smoothing: unsmoothed,
  fed: () => ({}),
  draw: () => null,
  inputs: (batch) => batch.inputs,
  targets: oneHotTargets,
  loss: crossEntropy,
});
