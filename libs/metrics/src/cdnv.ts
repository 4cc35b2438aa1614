import { defineMetric } from './define-metric';
import { traces } from './folds/moments';

export const cdnv = defineMetric({
  name: 'cdnv',
  title: 'Class-distance normalised variance',
  description:
    'Mean over pairs of classes of (v_i + v_j) / (2 ‖μ_i − μ_j‖²), v being the trace of a class’s covariance (divisor n). Per class: the mean over its pairs.',
  source: 'T. Galanti, A. György, M. Hutter, ICLR 2022, arXiv 2112.15121',
  needs: ['activations'],
  measure: ({ activations: m }) => {
    const variances = traces(m).map((t, k) => t / m.counts[k]!);
    const present = variances.map((_, k) => k).filter((k) => m.counts[k]! > 0);
    const sums = variances.map(() => 0);
    for (const i of present)
      for (const j of present) {
        if (j >= i) continue;
        let distance = 0;
        for (let d = 0; d < m.width; d++) distance += (m.mean[i * m.width + d]! - m.mean[j * m.width + d]!) ** 2;
        const value = (variances[i]! + variances[j]!) / (2 * distance);
        sums[i]! += value;
        sums[j]! += value;
      }
    const others = present.length - 1;
    const perClass = sums.map((s, k) => (m.counts[k]! > 0 && others > 0 ? s / others : Number.NaN));
    return [{ variant: null, value: present.reduce((s, k) => s + perClass[k]! / present.length, 0), perClass }];
  },
});
