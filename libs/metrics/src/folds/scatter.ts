import { addGram } from '../linear-algebra/products';
import { defineFold } from './define-fold';
import type { ClassMoments } from './moments';
import { addVector, mergeMoments, noMoments } from './moments';

/** The full covariance within classes: width × width values, n · width² work. Only on request. */
export interface Scatter {
  readonly classes: number;
  width: number;
  readonly counts: Float64Array;
  /** classes × width */
  mean: Float64Array;
  /** width × width: n S_W = Σ (h − μ_y)(h − μ_y)ᵀ */
  within: Float64Array;
  /** moments by attribute value, of the examples that have one */
  readonly byAttribute: ClassMoments;
}

function widen(s: Scatter, width: number): void {
  if (s.width === width) return;
  if (s.width !== 0) throw new Error(`vectors of ${width} values after vectors of ${s.width}`);
  s.width = width;
  s.mean = new Float64Array(s.classes * width);
  s.within = new Float64Array(width * width);
}

/** Two groups of one class become one: both means move to their common mean. */
function mergeMean(s: Scatter, k: number, count: number, mean: Float64Array, at: number): void {
  const own = s.counts[k]!;
  const total = own + count;
  const difference = new Float64Array(s.width);
  for (let j = 0; j < s.width; j++) {
    difference[j] = mean[at + j]! - s.mean[k * s.width + j]!;
    s.mean[k * s.width + j]! += (difference[j]! * count) / total;
  }
  s.counts[k] = total;
  if (own === 0) return;
  const weight = (own * count) / total;
  for (let i = 0; i < s.width; i++) {
    const d = weight * difference[i]!;
    for (let j = 0; j < s.width; j++) s.within[i * s.width + j]! += d * difference[j]!;
  }
}

export const scatter = defineFold<Scatter>({
  create: ({ classes, attributes }) => ({
    classes: classes.length,
    width: 0,
    counts: new Float64Array(classes.length),
    mean: new Float64Array(0),
    within: new Float64Array(0),
    byAttribute: noMoments(attributes.length),
  }),
  add: (s, { n, labels, attributes, activations, width, mix }) => {
    if (!activations || mix) return;
    widen(s, width);
    const own = noMoments(s.classes);
    const ofAttribute = noMoments(s.byAttribute.classes);
    for (let i = 0; i < n; i++) {
      addVector(own, labels[i]!, activations, i * width, width);
      if (attributes && attributes[i]! >= 0) addVector(ofAttribute, attributes[i]!, activations, i * width, width);
    }
    mergeMoments(s.byAttribute, ofAttribute);
    // Deviations from the batch's own class means, example by example in columns.
    const columns = new Float64Array(width * n);
    for (let i = 0; i < n; i++)
      for (let j = 0, at = labels[i]! * width; j < width; j++)
        columns[j * n + i] = activations[i * width + j]! - own.mean[at + j]!;
    addGram(columns, width, n, s.within);
    own.counts.forEach((count, k) => count > 0 && mergeMean(s, k, count, own.mean, k * width));
  },
  merge: (a, b) => {
    if (b.width === 0) return;
    widen(a, b.width);
    for (let i = 0; i < a.within.length; i++) a.within[i]! += b.within[i]!;
    b.counts.forEach((count, k) => count > 0 && mergeMean(a, k, count, b.mean, k * b.width));
    mergeMoments(a.byAttribute, b.byAttribute);
  },
  seen: (s) => s.width > 0,
});
