import { bins } from './bins';
import {
  activations,
  attributeActivations,
  centredLogits,
  correctProbabilities,
  logits,
  probabilities,
} from './class-moments';
import type { Fold } from './define-fold';
import { keptLogits } from './kept-logits';
import { losses } from './losses';
import { mixedOutputs } from './mixed-outputs';
import { outcomes } from './outcomes';
import { projected } from './projected';
import { sampledActivations } from './sampled-activations';
import { scatter } from './scatter';
import { squaredErrors } from './squared-errors';
import { stages } from './stages';

/** The statistics that metrics are made of; each is folded once, however many metrics use it. */
export const folds = {
  activations,
  attributeActivations,
  bins,
  centredLogits,
  correctProbabilities,
  keptLogits,
  logits,
  losses,
  mixedOutputs,
  outcomes,
  probabilities,
  projected,
  sampledActivations,
  scatter,
  squaredErrors,
  stages,
} as const;

export type StatisticName = keyof typeof folds;
type StateOf<F> = F extends Fold<infer State, infer _> ? State : never;
export type Statistics = { readonly [K in StatisticName]: StateOf<(typeof folds)[K]> };
