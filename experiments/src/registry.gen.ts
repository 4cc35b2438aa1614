import { linearLowHigh } from './linear-low-high';
import { spuriousColour } from './spurious-colour';

export const experiments = {
  'linear-low-high': linearLowHigh,
  'spurious-colour': spuriousColour,
} as const;
