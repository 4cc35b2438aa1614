import { meanByCount, meanWhereCounted } from './averages';
import { defineMetric } from './define-metric';
import type { ClassMoments } from './folds/moments';
import { traces } from './folds/moments';

/** tr Cov of each class, divisor n; NaN without examples. */
const perClassTrace = (m: ClassMoments): number[] => traces(m).map((t, k) => t / m.counts[k]!);

/** What smoothing shrinks probabilities by: q = c e_y + const with c = 1 − α, or 1 − αK/(K − 1). */
const shrinkage = (alpha: number, convention: 'all' | 'others', classes: number): number =>
  convention === 'all' ? 1 - alpha : 1 - (alpha * classes) / (classes - 1);

export const outputVariance = defineMetric({
  name: 'output-variance',
  title: 'Output variance',
  description:
    'Mean over classes of tr Cov(p | y), p = softmax. Variants: true-class (variance of p_y alone), pooled (squared deviations over Σ(n_k − 1)), frequency-weighted (classes by their share), correct-only (examples classified correctly), debiased (of (p − α/K)/(1 − α), which undoes what smoothing shrinks).',
  source: 'M. Chidambaram, R. Ge, arXiv 2402.06855',
  variants: [null, 'true-class', 'pooled', 'frequency-weighted', 'correct-only', 'debiased'],
  needs: ['probabilities', 'correctProbabilities'],
  measure: ({ probabilities: m, correctProbabilities: right }, { smoothing, classes }) => {
    const perClass = perClassTrace(m);
    const trueClass = perClass.map((_, k) => m.squares[k * m.width + k]! / m.counts[k]!);
    const correct = right.width === 0 ? perClass.map(() => Number.NaN) : perClassTrace(right);
    const freedom = m.counts.reduce((s, n) => s + Math.max(0, n - 1), 0);
    const scale = shrinkage(smoothing.alpha, smoothing.convention, classes.length) ** -2;
    return [
      { variant: null, value: meanWhereCounted(perClass, m.counts), perClass },
      { variant: 'true-class', value: meanWhereCounted(trueClass, m.counts), perClass: trueClass },
      { variant: 'pooled', value: freedom > 0 ? traces(m).reduce((s, t) => s + t, 0) / freedom : Number.NaN },
      { variant: 'frequency-weighted', value: meanByCount(perClass, m.counts) },
      { variant: 'correct-only', value: meanWhereCounted(correct, right.counts), perClass: correct },
      {
        variant: 'debiased',
        value: scale * meanWhereCounted(perClass, m.counts),
        perClass: perClass.map((v) => scale * v),
      },
    ];
  },
});
