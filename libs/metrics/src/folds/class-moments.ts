import type { PreparedBatch } from '../batch';
import { defineFold } from './define-fold';
import type { ClassMoments } from './moments';
import { addVector, mergeMoments, noMoments } from './moments';

/** Moments by class of one array of the batch, over the examples that `of` keeps. */
const momentsOf = (
  of: (batch: PreparedBatch) => { values: ArrayLike<number>; width: number; keep?: (i: number) => boolean } | null,
) =>
  defineFold<ClassMoments>({
    create: ({ classes }) => noMoments(classes.length),
    add: (s, batch) => {
      const found = batch.mix ? null : of(batch);
      if (!found) return;
      const { values, width, keep } = found;
      for (let i = 0; i < batch.n; i++) if (!keep || keep(i)) addVector(s, batch.labels[i]!, values, i * width, width);
    },
    merge: mergeMoments,
    seen: (s) => s.width > 0,
  });

/** Penultimate activations h of the examples that have an attribute, by its value. */
export const attributeActivations = defineFold<ClassMoments>({
  create: ({ attributes }) => noMoments(attributes.length),
  add: (s, { n, attributes, activations, width, mix }) => {
    if (!activations || !attributes || mix) return;
    for (let i = 0; i < n; i++) if (attributes[i]! >= 0) addVector(s, attributes[i]!, activations, i * width, width);
  },
  merge: mergeMoments,
  seen: (s) => s.width > 0,
});

/** Penultimate activations h, by class. */
export const activations = momentsOf((b) => b.activations && { values: b.activations, width: b.width });

/** Logits z, by class. */
export const logits = momentsOf((b) => b.logits && { values: b.logits, width: b.classes });

/** Probabilities p, by class. */
export const probabilities = momentsOf((b) => b.probabilities && { values: b.probabilities, width: b.classes });

/** Probabilities of the examples that are classified correctly, by class. */
export const correctProbabilities = momentsOf(
  (b) =>
    b.probabilities && {
      values: b.probabilities,
      width: b.classes,
      keep: (i) => b.predictions![i] === b.labels[i],
    },
);

/** Logits minus their own mean, the part of them that softmax sees, by class. */
export const centredLogits = momentsOf((b) => {
  if (!b.logits) return null;
  const values = Float64Array.from(b.logits);
  for (let i = 0; i < b.n; i++) {
    const row = values.subarray(i * b.classes, (i + 1) * b.classes);
    const mean = row.reduce((s, v) => s + v / b.classes, 0);
    row.forEach((v, k) => (row[k] = v - mean));
  }
  return { values, width: b.classes };
});
