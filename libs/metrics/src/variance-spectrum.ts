import { defineMetric } from './define-metric';
import type { Measurement } from './define-metric';
import { spectrumOf, spectrumTable } from './spectrum';
import type { Spectrum } from './spectrum';

/** The spectrum in numbers. */
export function spectrumMeasurements(s: Spectrum): Measurement[] {
  const values = Array.from(s.within);
  return [
    { variant: null, value: values.reduce((sum, v) => sum + v / values.length, values.length === 0 ? Number.NaN : 0) },
    { variant: 'smallest', value: Math.min(...values) },
    { variant: 'largest', value: Math.max(...values) },
    { variant: 'rank', value: s.rank },
    ...(s.effectiveRank === null ? [] : [{ variant: 'effective-rank', value: s.effectiveRank }]),
    { variant: 'participation-ratio', value: s.participation.total },
    { variant: 'within/participation-ratio', value: s.participation.within },
  ];
}

export const varianceSpectrum = defineMetric({
  name: 'variance-spectrum',
  title: 'Variance spectrum',
  description:
    'Generalised eigenvalues of (S_W, S_T) on the range of S_T (units whose variance given the others taken is below 1e-5 of the largest left out): of each direction, the share of its variance that lies within classes. All but K − 1 of them are 1. Without a name: their mean over the directions that tell classes apart; smallest and largest of those; rank of S_T; effective-rank (exponential of the entropy of S_T’s eigenvalues, up to 512 dimensions) and participation-ratio ((tr S)²/tr S²) of S_T, and the latter of S_W. Its table lists the directions, with the share of their variance between values of the attribute.',
  source:
    'R. A. Fisher 1936 (discriminant directions); effective rank: O. Roy, M. Vetterli, EUSIPCO 2007; cut-off: this project’s',
  variants: [
    null,
    'smallest',
    'largest',
    'rank',
    'effective-rank',
    'participation-ratio',
    'within/participation-ratio',
  ],
  onRequest: true,
  needs: ['scatter'],
  measure: ({ scatter }) => spectrumMeasurements(spectrumOf(scatter)),
  table: ({ scatter }) => spectrumTable(spectrumOf(scatter), scatter),
});
