import { project } from '../linear-algebra/products';
import type { BetweenAxes } from './between';
import { betweenAxes } from './between';
import { defineFold } from './define-fold';
import type { ClassMoments } from './moments';
import { addVector, mergeMoments, noMoments } from './moments';

/**
 * Activations on the range of S_B, which is all that class means and the distances between them and an example tell apart: moments by class, and
 * how often the nearest class mean is another class than the network's or the label's.
 */
export interface Projected {
  readonly between: BetweenAxes;
  /** classes × rank: the class means there */
  readonly centres: Float64Array;
  readonly moments: ClassMoments;
  /** by class: examples, those with a prediction of the network, of them those that the nearest mean contradicts, and those it gets wrong */
  readonly counts: Float64Array;
  readonly predicted: Float64Array;
  readonly mismatched: Float64Array;
  readonly wrong: Float64Array;
}

export const projected = defineFold<Projected, { readonly activations: ClassMoments }>({
  after: ['activations'],
  create: ({ classes }, { activations: m }) => {
    const between = betweenAxes(m);
    const centres = new Float64Array(m.classes * between.values.length);
    const rows = { values: m.mean, from: 0, n: m.classes, width: m.width };
    project(rows, between.axes, between.values.length, between.mean, centres);
    // A class without examples is nobody's nearest.
    m.counts.forEach((n, k) => {
      if (n === 0) centres.fill(Infinity, k * between.values.length, (k + 1) * between.values.length);
    });
    const perClass = (): Float64Array => new Float64Array(classes.length);
    return {
      between,
      centres,
      moments: noMoments(classes.length),
      counts: perClass(),
      predicted: perClass(),
      mismatched: perClass(),
      wrong: perClass(),
    };
  },
  add: (s, { n, labels, activations, width, predictions, mix }) => {
    const rank = s.between.values.length;
    if (!activations || mix || rank === 0) return;
    const coordinates = new Float64Array(n * rank);
    project({ values: activations, from: 0, n, width }, s.between.axes, rank, s.between.mean, coordinates);
    for (let i = 0; i < n; i++) {
      const k = labels[i]!;
      addVector(s.moments, k, coordinates, i * rank, rank);
      const nearest = nearestRow(s.centres, coordinates, i * rank, rank);
      s.counts[k]!++;
      if (nearest !== k) s.wrong[k]!++;
      if (!predictions) continue;
      s.predicted[k]!++;
      if (nearest !== predictions[i]) s.mismatched[k]!++;
    }
  },
  merge: (a, b) => {
    mergeMoments(a.moments, b.moments);
    for (const part of ['counts', 'predicted', 'mismatched', 'wrong'] as const)
      b[part].forEach((v, k) => (a[part][k]! += v));
  },
  seen: (s) => s.moments.width > 0,
});

/** Index of the row of `centres` that is nearest to the vector at `values[from …]`, the first of equals. */
function nearestRow(centres: Float64Array, values: Float64Array, from: number, width: number): number {
  let [best, least] = [-1, Infinity];
  for (let k = 0, at = 0; at < centres.length; k++, at += width) {
    let distance = 0;
    for (let j = 0; j < width && distance < least; j++) distance += (values[from + j]! - centres[at + j]!) ** 2;
    if (distance < least) [best, least] = [k, distance];
  }
  return best;
}
