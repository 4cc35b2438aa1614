import { linear } from './linear';
import { mlp } from './mlp';
import { smallCnn } from './small-cnn';

export const models = {
  linear,
  mlp,
  'small-cnn': smallCnn,
} as const;
