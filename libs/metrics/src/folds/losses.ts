import { defineFold } from './define-fold';

/** Of each class: the number of examples, and the mean cross-entropy against the label and against the uniform distribution, nats. */
export interface Losses {
  readonly counts: Float64Array;
  /** mean of −log p_y */
  readonly label: Float64Array;
  /** mean of −(1/K) Σ_k log p_k */
  readonly uniform: Float64Array;
}

export const losses = defineFold<Losses>({
  create: ({ classes }) => ({
    counts: new Float64Array(classes.length),
    label: new Float64Array(classes.length),
    uniform: new Float64Array(classes.length),
  }),
  add: (s, { n, classes, labels, logits, logSumExp, mix }) => {
    if (!logits || !logSumExp || mix) return;
    for (let i = 0; i < n; i++) {
      const k = labels[i]!;
      let mean = 0;
      for (let j = 0; j < classes; j++) mean += logits[i * classes + j]! / classes;
      const count = ++s.counts[k]!;
      s.label[k]! += (logSumExp[i]! - logits[i * classes + k]! - s.label[k]!) / count;
      s.uniform[k]! += (logSumExp[i]! - mean - s.uniform[k]!) / count;
    }
  },
  merge: (a, b) => {
    b.counts.forEach((count, k) => {
      if (count === 0) return;
      a.counts[k]! += count;
      const share = count / a.counts[k]!;
      a.label[k]! += (b.label[k]! - a.label[k]!) * share;
      a.uniform[k]! += (b.uniform[k]! - a.uniform[k]!) * share;
    });
  },
  seen: (s) => s.counts.some((v) => v > 0),
});
