import { activationVariance } from './activation-variance';
import { linearLowHigh } from './linear-low-high';
import { spuriousColour } from './spurious-colour';

export const experiments = {
  'activation-variance': activationVariance,
  'linear-low-high': linearLowHigh,
  'spurious-colour': spuriousColour,
} as const;
