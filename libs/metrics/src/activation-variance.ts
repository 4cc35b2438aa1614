import { meanWhereCounted } from './averages';
import { defineMetric } from './define-metric';
import type { Measurement } from './define-metric';
import { traces } from './folds/moments';

const averages = ['class-mean', 'pooled'] as const;
const sizes = ['mean', 'trace'] as const;
const divisors = ['n', 'n-1'] as const;
const names = averages.flatMap((a) => sizes.flatMap((s) => divisors.map((d) => `${a}/${s}/${d}`)));
const main = 'class-mean/mean/n';

export const activationVariance = defineMetric({
  name: 'activation-variance',
  title: 'Activation variance',
  description:
    'Within-class variance of the penultimate activation: averaged over classes or pooled over examples, mean or sum (trace) over dimensions, divisor n or n − 1. Without a name: class-mean/mean/n. It scales with the square of the activations: gauge-fixed rescales them so that the last layer’s weights have Frobenius norm √K.',
  source: 'M. Chidambaram, R. Ge, arXiv 2402.06855 (the paper’s exact formula is not known: all variants are named)',
  variants: [null, ...names, `gauge-fixed/${main}`],
  needs: ['activations'],
  measure: ({ activations: m }, { classes, lastLayer }) => {
    const sums = traces(m);
    const total = (x: ArrayLike<number>): number => Array.from(x).reduce((s, v) => s + v, 0);
    const of = (
      average: (typeof averages)[number],
      size: (typeof sizes)[number],
      divisor: (typeof divisors)[number],
    ) => {
      const dimensions = size === 'mean' ? m.width : 1;
      const less = divisor === 'n' ? 0 : 1;
      const perClass = sums.map((t, k) => (m.counts[k]! > less ? t / (m.counts[k]! - less) / dimensions : Number.NaN));
      if (average === 'class-mean') return { value: meanWhereCounted(perClass, m.counts, less), perClass };
      const freedom = total(m.counts.map((n) => Math.max(0, n - less)));
      return { value: freedom > 0 ? total(sums) / freedom / dimensions : Number.NaN };
    };
    const standard = of('class-mean', 'mean', 'n');
    const rows: Measurement[] = [{ variant: null, ...standard }];
    for (const a of averages)
      for (const s of sizes) for (const d of divisors) rows.push({ variant: `${a}/${s}/${d}`, ...of(a, s, d) });
    if (lastLayer) {
      const c = Array.from(lastLayer).reduce((s, w) => s + w * w, 0) / classes.length;
      rows.push({
        variant: `gauge-fixed/${main}`,
        value: c * standard.value,
        perClass: standard.perClass!.map((v) => c * v),
      });
    }
    return rows;
  },
});
