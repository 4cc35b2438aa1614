import { defineMetric } from './define-metric';
import { centred } from './simplex';

const total = (x: readonly number[]): number => x.reduce((s, v) => s + v, 0);

export const nc3 = defineMetric({
  name: 'nc3',
  title: 'Neural collapse 3: self-duality',
  description:
    '‖W/‖W‖_F − M/‖M‖_F‖²_F: the last layer’s weights W against the class means M, centred on their unweighted mean. Variant alignment: mean over classes of the cosine between the two rows. Per class: the class’s own part.',
  source: 'V. Papyan, X. Han, D. Donoho, PNAS 2020',
  variants: [null, 'alignment'],
  needs: ['activations'],
  measure: ({ activations: m }, { classes, lastLayer: w }) => {
    if (!w || w.length !== m.mean.length) return [];
    const present = classes.map((_, k) => k).filter((k) => m.counts[k]! > 0);
    const { rows, norms, width } = centred(m.mean, classes.length, present);
    const of = (part: (k: number, at: number) => number): number[] =>
      classes.map((_, k) => {
        let sum = 0;
        for (let j = 0; j < width; j++) sum += part(k, k * width + j);
        return sum;
      });
    const lengths = of((_, at) => w[at]! ** 2).map(Math.sqrt);
    const norm = (x: readonly number[]): number => Math.sqrt(total(present.map((k) => x[k]! ** 2)));
    const [meanNorm, weightNorm] = [norm(norms), norm(lengths)];
    const distances = of((_, at) => (w[at]! / weightNorm - rows[at]! / meanNorm) ** 2);
    const cosines = of((k, at) => (w[at]! * rows[at]!) / (lengths[k]! * norms[k]!));
    return [
      { variant: null, value: total(present.map((k) => distances[k]!)), perClass: distances },
      { variant: 'alignment', value: total(present.map((k) => cosines[k]! / present.length)), perClass: cosines },
    ];
  },
});
