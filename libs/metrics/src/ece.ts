import { defineMetric } from './define-metric';
import { binCount } from './folds/bins';
import type { Bins } from './folds/bins';

/** Σ over bins of their share × |accuracy − confidence| of a row of the table; NaN without examples. */
function gap(count: Float64Array, hits: Float64Array, mean: Float64Array, row: number): number {
  let [n, sum] = [0, 0];
  for (let b = row * binCount; b < (row + 1) * binCount; b++) {
    n += count[b]!;
    if (count[b]! > 0) sum += Math.abs(hits[b]! - count[b]! * mean[b]!);
  }
  return sum / n;
}

/** The reliability curve: one row a bin of the largest probability, empty bins left out. */
const curve = (s: Bins) =>
  Array.from({ length: binCount }, (_, b) => ({
    bin: b,
    from: b / binCount,
    to: (b + 1) / binCount,
    count: s.count[b]!,
    confidence: s.confidence[b]!,
    accuracy: s.correct[b]! / s.count[b]!,
  })).filter((row) => row.count > 0);

export const ece = defineMetric({
  name: 'ece',
  title: 'Expected calibration error',
  description:
    'Mean over 15 equal bins of the largest probability, by their share of examples, of |accuracy − confidence|; per class: over the examples of that class. Variant classwise: the same of every p_k against “is of class k”, averaged over classes. Its table is the reliability curve. Examples with a NaN logit are in no bin.',
  source: 'C. Guo et al., ICML 2017, arXiv 1706.04599; classwise: M. Kull et al., NeurIPS 2019, arXiv 1910.12656',
  variants: [null, 'classwise'],
  needs: ['bins'],
  measure: ({ bins: s }) => {
    const all = Array.from({ length: s.classes + 1 }, (_, row) => gap(s.count, s.correct, s.confidence, row));
    const classwise = Array.from({ length: s.classes }, (_, k) =>
      gap(s.ofClass.count, s.ofClass.hits, s.ofClass.mean, k),
    );
    return [
      { variant: null, value: all[0]!, perClass: all.slice(1) },
      { variant: 'classwise', value: classwise.reduce((a, v) => a + v / s.classes, 0), perClass: classwise },
    ];
  },
  table: ({ bins }) => curve(bins),
});
