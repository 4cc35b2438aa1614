import { erm } from './erm';
import { labelSmoothing } from './label-smoothing';
import { mixup } from './mixup';

export const methods = {
  erm,
  'label-smoothing': labelSmoothing,
  mixup,
} as const;
