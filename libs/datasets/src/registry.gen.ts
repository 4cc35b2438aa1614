import { cifar10 } from './cifar10';
import { cifar100 } from './cifar100';
import { colouredMnist } from './coloured-mnist';
import { imageFolder } from './image-folder';
import { mnist } from './mnist';
import { syntheticLowHigh } from './synthetic-low-high';

export const datasets = {
  cifar10,
  cifar100,
  'coloured-mnist': colouredMnist,
  'image-folder': imageFolder,
  mnist,
  'synthetic-low-high': syntheticLowHigh,
} as const;
