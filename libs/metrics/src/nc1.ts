import { defineMetric } from './define-metric';

export const nc1 = defineMetric({
  name: 'nc1',
  title: 'Neural collapse 1: variability',
  description:
    'tr(S_W S_B⁺), the pseudo-inverse over the range of S_B (relative cut-off 1e-10). Variant /K: divided by the number of classes, as other public code has it. Per class: with the class’s own covariance in place of S_W.',
  source: 'V. Papyan, X. Han, D. Donoho, PNAS 2020; variant /K: Z. Zhu et al., NeurIPS 2021, arXiv 2105.02375',
  variants: [null, '/K'],
  needs: ['projected'],
  measure: ({ projected: { between, moments } }, { classes }) => {
    const perClass = Array.from(moments.counts, (n, k) =>
      n === 0
        ? Number.NaN
        : between.values.reduce((s, value, r) => s + moments.squares[k * moments.width + r]! / n / value, 0),
    );
    const total = moments.counts.reduce((s, n) => s + n, 0);
    const value = perClass.reduce((s, v, k) => (moments.counts[k] === 0 ? s : s + (v * moments.counts[k]!) / total), 0);
    return [
      { variant: null, value, perClass },
      { variant: '/K', value: value / classes.length, perClass: perClass.map((v) => v / classes.length) },
    ];
  },
});
