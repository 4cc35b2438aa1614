import { grandMean, weightedCentres } from './folds/between';
import type { ClassMoments } from './folds/moments';
import type { Scatter } from './folds/scatter';

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
  const within = gram.slice();
  // n S_W = gram − n (μ − shift)(μ − shift)ᵀ − n S_B
  const subtract = (v: Float64Array): void => {
    for (let i = 0; i < width; i++) {
      const a = n * v[i]!;
      if (a !== 0) for (let j = 0; j < width; j++) within[i * width + j]! -= a * v[j]!;
    }
  };
  subtract(grand.map((m, j) => m - shift[j]!));
  for (let k = 0; k < classes; k++) subtract(centres.subarray(k * width, (k + 1) * width));
  return { classes, width, counts, mean, within, byAttribute };
}
