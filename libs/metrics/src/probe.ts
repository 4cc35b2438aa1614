import { minimise } from './linear-algebra/lbfgs';

export interface ProbeExample {
  readonly target: number;
  readonly features: ArrayLike<number>;
  /** false: fitted on; true: judged on */
  readonly judged: boolean;
}

/** ℓ2 penalty (λ/2)‖W‖² beside the mean cross-entropy; the bias goes free. */
const penalty = 1e-3;

/**
 * Multinomial logistic regression on features standardised over the fitted examples, judged on the others. Null when there are none to fit or to
 * judge. Dimensions that do not vary are left out.
 */
export function probe(
  examples: readonly ProbeExample[],
  classes: number,
): { readonly accuracy: number; readonly majority: number; readonly loss: number } | null {
  const [fitted, judged] = [examples.filter((e) => !e.judged), examples.filter((e) => e.judged)];
  if (fitted.length === 0 || judged.length === 0) return null;
  const width = fitted[0]!.features.length;
  const { mean, scale } = standards(fitted, width);
  const rows = (part: readonly ProbeExample[]): Float64Array =>
    Float64Array.from({ length: part.length * width }, (_, at) => {
      const j = at % width;
      return (part[Math.floor(at / width)]!.features[j]! - mean[j]!) * scale[j]!;
    });
  const [x, y] = [rows(fitted), fitted.map((e) => e.target)];
  const objective = (w: Float64Array, gradient: Float64Array): number => lossOf(w, gradient, x, y, classes, width);
  const weights = minimise(objective, new Float64Array(classes * (width + 1)), 1e-5, 60);
  const test = rows(judged);
  const scores = new Float64Array(classes);
  let right = 0;
  judged.forEach((e, i) => {
    score(weights, test, i * width, classes, width, scores);
    if (scores.indexOf(Math.max(...scores)) === e.target) right++;
  });
  const counts = new Float64Array(classes);
  for (const e of judged) counts[e.target]!++;
  return {
    accuracy: right / judged.length,
    majority: Math.max(...counts) / judged.length,
    loss: objective(weights, new Float64Array(weights.length)),
  };
}

function standards(examples: readonly ProbeExample[], width: number): { mean: Float64Array; scale: Float64Array } {
  const [mean, scale] = [new Float64Array(width), new Float64Array(width)];
  for (const e of examples) for (let j = 0; j < width; j++) mean[j]! += e.features[j]! / examples.length;
  for (const e of examples)
    for (let j = 0; j < width; j++) scale[j]! += (e.features[j]! - mean[j]!) ** 2 / examples.length;
  return { mean, scale: scale.map((v) => (v > 0 ? 1 / Math.sqrt(v) : 0)) };
}

/** Scores of one row: the weights of a class are `width` values and its bias. */
function score(
  w: Float64Array,
  x: Float64Array,
  from: number,
  classes: number,
  width: number,
  out: Float64Array,
): void {
  for (let k = 0; k < classes; k++) {
    const at = k * (width + 1);
    let sum = w[at + width]!;
    for (let j = 0; j < width; j++) sum += w[at + j]! * x[from + j]!;
    out[k] = sum;
  }
}

function lossOf(
  w: Float64Array,
  gradient: Float64Array,
  x: Float64Array,
  y: readonly number[],
  classes: number,
  width: number,
): number {
  gradient.fill(0);
  const z = new Float64Array(classes);
  let loss = 0;
  for (let i = 0; i < y.length; i++) {
    score(w, x, i * width, classes, width, z);
    const largest = Math.max(...z);
    const sum = z.reduce((s, v) => s + Math.exp(v - largest), 0);
    loss += (largest + Math.log(sum) - z[y[i]!]!) / y.length;
    for (let k = 0; k < classes; k++) {
      const g = (Math.exp(z[k]! - largest) / sum - (k === y[i] ? 1 : 0)) / y.length;
      const at = k * (width + 1);
      for (let j = 0; j < width; j++) gradient[at + j]! += g * x[i * width + j]!;
      gradient[at + width]! += g;
    }
  }
  for (let k = 0; k < classes; k++)
    for (let j = 0; j < width; j++) {
      const at = k * (width + 1) + j;
      loss += (penalty / 2) * w[at]! ** 2;
      gradient[at]! += penalty * w[at]!;
    }
  return loss;
}
