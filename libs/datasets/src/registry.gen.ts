import { colouredMnist } from './coloured-mnist';
import { mnist } from './mnist';
import { syntheticLowHigh } from './synthetic-low-high';

export const datasets = {
  'coloured-mnist': colouredMnist,
  mnist,
  'synthetic-low-high': syntheticLowHigh,
} as const;
