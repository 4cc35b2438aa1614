import { defineMetric } from './define-metric';
import type { KeptLogits } from './folds/kept-logits';

interface Answer {
  readonly label: number;
  /** log of the largest probability: an order that does not saturate at 1 */
  readonly confidence: number;
  readonly wrong: number;
}

function answersOf({ blocks }: KeptLogits, classes: number): Answer[] {
  return blocks.flatMap(({ labels, logits }) =>
    Array.from(labels, (label, i) => {
      let best = 0;
      for (let k = 1; k < classes; k++) if (logits[i * classes + k]! > logits[i * classes + best]!) best = k;
      let sum = 0;
      for (let k = 0; k < classes; k++)
        if (k !== best) sum += Math.exp(logits[i * classes + k]! - logits[i * classes + best]!);
      return { label, confidence: -Math.log1p(sum), wrong: best === label ? 0 : 1 };
    }),
  );
}

/** Mean over coverages of the error among the surest; examples that are equally sure count in the mean of their orders. NaN without any. */
function area(answers: readonly Answer[]): number {
  if (answers.some((a) => Number.isNaN(a.confidence))) return Number.NaN;
  const sorted = [...answers].sort((a, b) => b.confidence - a.confidence);
  let [sum, errors] = [0, 0];
  for (let from = 0; from < sorted.length;) {
    let to = from;
    let wrong = 0;
    while (to < sorted.length && sorted[to]!.confidence === sorted[from]!.confidence) wrong += sorted[to++]!.wrong;
    for (let i = from; i < to; i++) sum += (errors + (wrong * (i - from + 1)) / (to - from)) / (i + 1);
    errors += wrong;
    from = to;
  }
  return sum / sorted.length;
}

/** The least area at this number of errors: all of them among the least sure. */
function least(n: number, wrong: number): number {
  let sum = 0;
  for (let i = n - wrong + 1; i <= n; i++) sum += (i - (n - wrong)) / i;
  return sum / n;
}

export const aurc = defineMetric({
  name: 'aurc',
  title: 'Area under the risk–coverage curve',
  description:
    'Mean over all coverages of the error among the examples with the largest maximal probability. Variant excess: minus the area of a perfect order at the same error. Per class: among the class’s own examples.',
  source:
    'Y. Geifman, R. El-Yaniv, NeurIPS 2017, arXiv 1705.08500; excess: Y. Geifman et al., ICLR 2019, arXiv 1805.08206',
  variants: [null, 'excess'],
  needs: ['keptLogits'],
  measure: ({ keptLogits }, { classes }) => {
    const all = answersOf(keptLogits, classes.length);
    const of = (answers: readonly Answer[]): [number, number] => {
      const value = area(answers);
      return [
        value,
        value -
          least(
            answers.length,
            answers.reduce((s, a) => s + a.wrong, 0),
          ),
      ];
    };
    const [value, excess] = of(all);
    const perClass = classes.map((_, k) => of(all.filter((a) => a.label === k)));
    return [
      { variant: null, value, perClass: perClass.map(([v]) => v) },
      { variant: 'excess', value: excess, perClass: perClass.map(([, v]) => v) },
    ];
  },
});
