import { defineFold } from './define-fold';

/** Of each class: the number of examples and the mean of Σ_k (p_k − 1[y = k])². */
export interface SquaredErrors {
  readonly counts: Float64Array;
  readonly mean: Float64Array;
}

export const squaredErrors = defineFold<SquaredErrors>({
  create: ({ classes }) => ({ counts: new Float64Array(classes.length), mean: new Float64Array(classes.length) }),
  add: (s, { n, classes, labels, probabilities, mix }) => {
    if (!probabilities || mix) return;
    for (let i = 0; i < n; i++) {
      const y = labels[i]!;
      let sum = 0;
      for (let k = 0; k < classes; k++) sum += (probabilities[i * classes + k]! - (k === y ? 1 : 0)) ** 2;
      s.mean[y]! += (sum - s.mean[y]!) / ++s.counts[y]!;
    }
  },
  merge: (a, b) => {
    b.counts.forEach((n, k) => {
      if (n === 0) return;
      a.counts[k]! += n;
      a.mean[k]! += ((b.mean[k]! - a.mean[k]!) * n) / a.counts[k]!;
    });
  },
  seen: (s) => s.counts.some((v) => v > 0),
});
