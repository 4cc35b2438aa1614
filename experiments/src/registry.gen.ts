import { spuriousColour } from './spurious-colour';

export const experiments = {
  'spurious-colour': spuriousColour,
} as const;
