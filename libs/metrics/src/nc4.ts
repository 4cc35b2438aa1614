import { defineMetric } from './define-metric';

const share = (part: Float64Array, whole: Float64Array): { value: number; perClass: number[] } => {
  const sum = (x: Float64Array): number => x.reduce((s, v) => s + v, 0);
  return { value: sum(part) / sum(whole), perClass: Array.from(part, (v, k) => v / whole[k]!) };
};

export const nc4 = defineMetric({
  name: 'nc4',
  title: 'Neural collapse 4: nearest centre',
  description:
    'Share of examples that the nearest class mean (of the same split) puts into another class than the network does. Variant error: into another class than the label’s.',
  source: 'V. Papyan, X. Han, D. Donoho, PNAS 2020',
  variants: [null, 'error'],
  needs: ['projected'],
  measure: ({ projected: p }) => [
    ...(p.predicted.some((n) => n > 0) ? [{ variant: null, ...share(p.mismatched, p.predicted) }] : []),
    { variant: 'error', ...share(p.wrong, p.counts) },
  ],
});
