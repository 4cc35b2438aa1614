import { defineMetric } from './define-metric';
import type { Measurement } from './define-metric';
import { centred, simplexDistance } from './simplex';
import type { CentredRows } from './simplex';

const parts = [
  ['maximal-angle', 'maximalAngle'],
  ['equinorm', 'equinorm'],
  ['equiangle', 'equiangle'],
] as const;

function measured(rows: CentredRows, prefix: string): Measurement[] {
  const found = simplexDistance(rows);
  return parts.map(([name, key]) => ({ variant: `${prefix}${name}`, ...found[key] }));
}

export const nc2 = defineMetric({
  name: 'nc2',
  title: 'Neural collapse 2: simplex',
  description:
    'Distance of the class means, centred on their unweighted mean, from a simplex. maximal-angle (also the unnamed main value): mean over pairs of |cos + 1/(K − 1)|; equinorm: standard deviation over mean of their lengths (per class: length over mean length); equiangle: standard deviation of the cosines. weights/…: the same of the last layer’s rows.',
  source: 'V. Papyan, X. Han, D. Donoho, PNAS 2020',
  variants: [null, ...parts.map(([name]) => name), ...parts.map(([name]) => `weights/${name}`)],
  needs: ['activations'],
  measure: ({ activations: m }, { classes, lastLayer }) => {
    const present = classes.map((_, k) => k).filter((k) => m.counts[k]! > 0);
    const means = measured(centred(m.mean, classes.length, present), '');
    return [
      { ...means[0]!, variant: null },
      ...means,
      ...(lastLayer
        ? measured(
            centred(
              lastLayer,
              classes.length,
              classes.map((_, k) => k),
            ),
            'weights/',
          )
        : []),
    ];
  },
});
