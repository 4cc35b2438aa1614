import { defineFold } from './define-fold';
import type { ClassMoments } from './moments';
import { addVector, mergeMoments, noMoments } from './moments';

/** Of a pass over a fixed set of mixed pairs: the loss against λe_yi + (1 − λ)e_yj, the targets' entropy, and p by (λ, y_i, y_j). */
export interface MixedOutputs {
  count: number;
  /** mean cross-entropy, nats */
  loss: number;
  /** mean entropy of the targets, nats */
  entropy: number;
  /** moments of p, one "class" each, by λ, y_i and y_j */
  readonly cells: Map<string, ClassMoments>;
}

const part = (q: number): number => (q > 0 ? -q * Math.log(q) : 0);

export const mixedOutputs = defineFold<MixedOutputs>({
  create: () => ({ count: 0, loss: 0, entropy: 0, cells: new Map() }),
  add: (s, { n, classes, labels, logits, probabilities, logSumExp, mix }) => {
    if (!mix || !logits || !probabilities || !logSumExp) return;
    for (let i = 0; i < n; i++) {
      const [l, a, b] = [mix.lambda[i]!, labels[i]!, mix.partnerLabels[i]!];
      const at = i * classes;
      const score = a === b ? logits[at + a]! : l * logits[at + a]! + (1 - l) * logits[at + b]!;
      s.count++;
      s.loss += (logSumExp[i]! - score - s.loss) / s.count;
      s.entropy += ((a === b ? 0 : part(l) + part(1 - l)) - s.entropy) / s.count;
      const key = `${l} ${a} ${b}`;
      const cell = s.cells.get(key) ?? noMoments(1);
      s.cells.set(key, cell);
      addVector(cell, 0, probabilities, at, classes);
    }
  },
  merge: (a, b) => {
    if (b.count === 0) return;
    a.count += b.count;
    a.loss += ((b.loss - a.loss) * b.count) / a.count;
    a.entropy += ((b.entropy - a.entropy) * b.count) / a.count;
    for (const [key, cell] of b.cells) {
      const own = a.cells.get(key) ?? noMoments(1);
      a.cells.set(key, own);
      mergeMoments(own, cell);
    }
  },
  seen: (s) => s.count > 0,
});
