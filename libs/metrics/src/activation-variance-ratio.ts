import { logVariant, meanWhereCounted } from './averages';
import { defineMetric } from './define-metric';
import type { Measurement } from './define-metric';
import type { ClassMoments } from './folds/moments';
import { scatterTraces, traces } from './folds/moments';

const names = ['class-mean/n', 'class-mean/n-1', 'pooled/n', 'pooled/n-1'] as const;

/** Trace within classes over trace in total, both with the divisor named; per class the class's own trace over the total. */
function ratio(m: ClassMoments, name: (typeof names)[number]): Measurement {
  const [average, divisor] = name.split('/') as [string, string];
  const less = divisor === 'n' ? 0 : 1;
  const { n, within, total } = scatterTraces(m);
  const whole = total / (n - less);
  const perClass = traces(m).map((t, k) => (m.counts[k]! > less ? t / (m.counts[k]! - less) / whole : Number.NaN));
  if (average === 'class-mean') return { variant: name, value: meanWhereCounted(perClass, m.counts, less), perClass };
  const freedom = m.counts.reduce((s, c) => s + Math.max(0, c - less), 0);
  return { variant: name, value: within / freedom / whole, perClass };
}

export const activationVarianceRatio = defineMetric({
  name: 'activation-variance-ratio',
  title: 'Activation variance, scale-free',
  description:
    'tr S_W / tr S_T of the penultimate activation: the share of its variance that lies within classes (pooled, divisor n). Variants: classes weighted alike or pooled over examples, divisor n or n − 1 above and below. log: the natural logarithm of the main value. Per class: the trace of the class’s own covariance over the total.',
  source: 'V. Papyan, X. Han, D. Donoho, PNAS 2020 (S_W, S_T)',
  variants: [null, 'log', ...names],
  needs: ['activations'],
  measure: ({ activations }) => {
    const rows = names.map((name) => ratio(activations, name));
    const main = { ...rows.find((r) => r.variant === 'pooled/n')!, variant: null };
    return [main, logVariant(main), ...rows];
  },
});
