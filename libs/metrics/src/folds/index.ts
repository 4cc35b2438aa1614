import { activations, centredLogits, correctProbabilities, logits, probabilities } from './class-moments';
import type { Fold } from './define-fold';
import { losses } from './losses';
import { mixedOutputs } from './mixed-outputs';
import { outcomes } from './outcomes';
import { stages } from './stages';

/** The statistics that metrics are made of; each is folded once, however many metrics use it. */
export const folds = {
  activations,
  centredLogits,
  correctProbabilities,
  logits,
  losses,
  mixedOutputs,
  outcomes,
  probabilities,
  stages,
} as const;

export type StatisticName = keyof typeof folds;
export type Statistics = { readonly [K in StatisticName]: (typeof folds)[K] extends Fold<infer State> ? State : never };
