import { grandMean, weightedCentres } from './folds/between';
import type { ClassMoments } from './folds/moments';
import type { Scatter } from './folds/scatter';
import { addGram, transposed } from './linear-algebra/products';

/**
 * The scatter of activations whose Gram matrix was worked out elsewhere: gram = Σ (h − shift)(h − shift)ᵀ over all examples, width × width.
 * Class means come from the moments, exactly; S_W = S_T − S_B takes on the Gram matrix’s own precision.
 */
export function scatterFromGram(
  gram: Float64Array,
  shift: Float64Array,
  moments: ClassMoments,
  byAttribute: ClassMoments,
): Scatter {
  const { width, classes, counts, mean } = moments;
  const n = counts.reduce((s, c) => s + c, 0);
  const grand = grandMean(moments);
  const centres = weightedCentres(moments, grand);
  // n S_W = gram − n (μ − shift)(μ − shift)ᵀ − n S_B: one more row beside those whose products make up S_B.
  const rows = new Float64Array((classes + 1) * width);
  rows.set(centres);
  rows.set(
    grand.map((m, j) => m - shift[j]!),
    classes * width,
  );
  const known = new Float64Array(width * width);
  addGram(transposed(rows, classes + 1, width), width, classes + 1, known);
  const within = gram.map((v, at) => v - n * known[at]!);
  return { classes, width, counts, mean, within, byAttribute };
}
