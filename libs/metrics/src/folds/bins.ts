import { defineFold } from './define-fold';

/** Equal parts of [0, 1] that confidences fall into, as in Guo et al. 2017. */
export const binCount = 15;

/** Examples by confidence: of the predicted class, and of every class by itself. */
export interface Bins {
  readonly classes: number;
  /** bins of the largest probability, of all examples and by their class: (classes + 1) × bins, the first row all of them */
  readonly count: Float64Array;
  readonly correct: Float64Array;
  /** mean largest probability */
  readonly confidence: Float64Array;
  /** bins of p_k over all examples: classes × bins, number, examples of class k among them, mean p_k */
  readonly ofClass: { readonly count: Float64Array; readonly hits: Float64Array; readonly mean: Float64Array };
}

/** (a, b] as published: 0 falls into the first bin. NaN into none. */
const binOf = (p: number): number => Math.max(0, Math.ceil(p * binCount) - 1);

export const bins = defineFold<Bins>({
  create: ({ classes }) => {
    const cells = (rows: number): Float64Array => new Float64Array(rows * binCount);
    const [all, own] = [classes.length + 1, classes.length];
    return {
      classes: classes.length,
      count: cells(all),
      correct: cells(all),
      confidence: cells(all),
      ofClass: { count: cells(own), hits: cells(own), mean: cells(own) },
    };
  },
  add: (s, { n, classes, labels, probabilities, predictions, mix }) => {
    if (!probabilities || !predictions || mix) return;
    for (let i = 0; i < n; i++) {
      if (predictions[i]! < 0) continue;
      const p = probabilities[i * classes + predictions[i]!]!;
      for (const row of [0, labels[i]! + 1]) {
        const at = row * binCount + binOf(p);
        const count = ++s.count[at]!;
        s.confidence[at]! += (p - s.confidence[at]!) / count;
        if (predictions[i] === labels[i]) s.correct[at]!++;
      }
      for (let k = 0; k < classes; k++) {
        const q = probabilities[i * classes + k]!;
        const at = k * binCount + binOf(q);
        const count = ++s.ofClass.count[at]!;
        s.ofClass.mean[at]! += (q - s.ofClass.mean[at]!) / count;
        if (labels[i] === k) s.ofClass.hits[at]!++;
      }
    }
  },
  merge: (a, b) => {
    const merge = (count: Float64Array, other: Float64Array, mean: Float64Array, otherMean: Float64Array): void =>
      other.forEach((n, i) => {
        if (n === 0) return;
        count[i]! += n;
        mean[i]! += ((otherMean[i]! - mean[i]!) * n) / count[i]!;
      });
    merge(a.count, b.count, a.confidence, b.confidence);
    merge(a.ofClass.count, b.ofClass.count, a.ofClass.mean, b.ofClass.mean);
    b.correct.forEach((v, i) => (a.correct[i]! += v));
    b.ofClass.hits.forEach((v, i) => (a.ofClass.hits[i]! += v));
  },
  seen: (s) => s.count.some((v) => v > 0),
});
