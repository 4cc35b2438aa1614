import { logVariant, meanByCount, meanWhereCounted } from './averages';
import { defineMetric } from './define-metric';
import type { Measurement } from './define-metric';
import type { ClassMoments } from './folds/moments';
import { traces } from './folds/moments';
import { fittedTemperature, matchedTemperature, momentsAt } from './folds/temperature';

/** tr Cov of each class, divisor n; NaN without examples. */
const perClassTrace = (m: ClassMoments): number[] => traces(m).map((t, k) => t / m.counts[k]!);

const classMean = (variant: string | null, m: ClassMoments): Measurement => {
  const perClass = perClassTrace(m);
  return { variant, value: meanWhereCounted(perClass, m.counts), perClass };
};

/** What smoothing shrinks probabilities by: q = c e_y + const with c = 1 − α, or 1 − αK/(K − 1). */
const shrinkage = (alpha: number, convention: 'all' | 'others', classes: number): number =>
  convention === 'all' ? 1 - alpha : 1 - (alpha * classes) / (classes - 1);

/** Mean largest probability that every network is brought to by its temperature, so that networks of different sureness compare. */
export const matchedConfidence = 0.9;

export const outputVariance = defineMetric({
  name: 'output-variance',
  title: 'Output variance',
  description:
    'Mean over classes of tr Cov(p | y), p = softmax. Variants: true-class (variance of p_y alone), pooled (squared deviations over Σ(n_k − 1)), frequency-weighted (classes by their share), correct-only (examples classified correctly), debiased (of (p − α/K)/(1 − α), which undoes what smoothing shrinks), temperature-matched (of softmax(z/T), T such that the mean largest probability on the split is .9: the same for every network), temperature-fitted (T minimising the negative log-likelihood on the split), both T within [1/64, 64]. log: the natural logarithm, so that differences are relative.',
  source: 'M. Chidambaram, R. Ge, arXiv 2402.06855; temperatures: C. Guo et al., arXiv 1706.04599',
  variants: [
    null,
    'log',
    'true-class',
    'pooled',
    'frequency-weighted',
    'correct-only',
    'debiased',
    'temperature-matched',
    'temperature-matched/log',
    'temperature-fitted',
  ],
  needs: ['probabilities', 'correctProbabilities'],
  measure: ({ probabilities: m, correctProbabilities: right }, { smoothing, classes }) => {
    const main = classMean(null, m);
    const perClass = main.perClass!;
    const trueClass = perClass.map((_, k) => m.squares[k * m.width + k]! / m.counts[k]!);
    const correct = right.width === 0 ? perClass.map(() => Number.NaN) : perClassTrace(right);
    const freedom = m.counts.reduce((s, n) => s + Math.max(0, n - 1), 0);
    const scale = shrinkage(smoothing.alpha, smoothing.convention, classes.length) ** -2;
    return [
      main,
      logVariant(main),
      { variant: 'true-class', value: meanWhereCounted(trueClass, m.counts), perClass: trueClass },
      {
        variant: 'pooled',
        value: freedom > 0 ? traces(m).reduce((s, t) => s + t, 0) / freedom : Number.NaN,
        perClass: traces(m).map((t, k) => (m.counts[k]! > 1 ? t / (m.counts[k]! - 1) : Number.NaN)),
      },
      { variant: 'frequency-weighted', value: meanByCount(perClass, m.counts), perClass },
      { variant: 'correct-only', value: meanWhereCounted(correct, right.counts), perClass: correct },
      { variant: 'debiased', value: scale * main.value, perClass: perClass.map((v) => scale * v) },
    ];
  },
  details: {
    needs: ['keptLogits'],
    measure: ({ keptLogits: kept }, { classes }) => {
      const of = (variant: string, temperature: number): Measurement =>
        classMean(variant, momentsAt(kept, classes.length, temperature));
      const matched = of('temperature-matched', matchedTemperature(kept, classes.length, matchedConfidence));
      return [
        matched,
        { ...logVariant(matched), variant: 'temperature-matched/log' },
        of('temperature-fitted', fittedTemperature(kept, classes.length)),
      ];
    },
  },
});
