import { logVariant, meanWhereCounted } from './averages';
import { defineMetric } from './define-metric';
import type { Measurement } from './define-metric';
import type { ClassMoments } from './folds/moments';
import { traces } from './folds/moments';

const averages = ['class-mean', 'pooled'] as const;
const sizes = ['mean', 'trace'] as const;
const divisors = ['n', 'n-1'] as const;
const names = averages.flatMap((a) => sizes.flatMap((s) => divisors.map((d) => `${a}/${s}/${d}` as const)));
const gauge = (name: string): string => `gauge-fixed/${name}`;

/** One of the eight averages; per class always the class's own variance with that size and divisor. */
function variance(m: ClassMoments, name: (typeof names)[number]): Measurement {
  const [average, size, divisor] = name.split('/') as [string, string, string];
  const sums = traces(m);
  const dimensions = size === 'mean' ? m.width : 1;
  const less = divisor === 'n' ? 0 : 1;
  const perClass = sums.map((t, k) => (m.counts[k]! > less ? t / (m.counts[k]! - less) / dimensions : Number.NaN));
  if (average === 'class-mean') return { variant: name, value: meanWhereCounted(perClass, m.counts, less), perClass };
  const freedom = m.counts.reduce((s, n) => s + Math.max(0, n - less), 0);
  const value = freedom > 0 ? sums.reduce((s, v) => s + v, 0) / freedom / dimensions : Number.NaN;
  return { variant: name, value, perClass };
}

export const activationVariance = defineMetric({
  name: 'activation-variance',
  title: 'Activation variance',
  description:
    'Within-class variance of the penultimate activation: averaged over classes or pooled over examples, mean or sum (trace) over dimensions, divisor n or n − 1. Without a name: class-mean/mean/n. It scales with the square of the activations: gauge-fixed/… rescales them so that the last layer’s weights have Frobenius norm √K. log: the natural logarithm of the main value, so that differences are relative.',
  source: 'M. Chidambaram, R. Ge, arXiv 2402.06855 (the paper’s exact formula is not known: all variants are named)',
  variants: [null, 'log', ...names, ...names.map(gauge)],
  needs: ['activations'],
  measure: ({ activations: m }, { classes, lastLayer }) => {
    const rows = names.map((name) => variance(m, name));
    const main = { ...rows[0]!, variant: null };
    const own = [main, logVariant(main), ...rows];
    if (!lastLayer) return own;
    // W/c has norm √K, so its activations are c h.
    let squares = 0;
    for (const w of lastLayer) squares += w * w;
    const scale = squares / classes.length;
    const fixed = rows.map(({ variant, value, perClass }) => ({
      variant: gauge(variant!),
      value: scale * value,
      perClass: perClass!.map((v) => scale * v),
    }));
    return [...own, ...fixed];
  },
});
