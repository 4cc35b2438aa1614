import { linear } from './linear';
import { mlp } from './mlp';
import { resnet101 } from './resnet101';
import { resnet18 } from './resnet18';
import { resnet50 } from './resnet50';
import { smallCnn } from './small-cnn';

export const models = {
  linear,
  mlp,
  resnet101,
  resnet18,
  resnet50,
  'small-cnn': smallCnn,
} as const;
