import type { KeptLogits } from './kept-logits';
import type { ClassMoments } from './moments';
import { addVector, noMoments } from './moments';

/** Temperatures are sought between 1/64 and 64: beyond, softmax is one-hot or uniform for any practical logits. */
export const coldest = 1 / 64;
export const hottest = 64;

interface AtTemperature {
  /** mean −log p_y */
  readonly nll: number;
  /** d nll / d log T, and its own derivative in log T */
  readonly slope: number;
  readonly curvature: number;
  /** mean largest p, and its derivative in log T */
  readonly confidence: number;
  readonly confidenceSlope: number;
}

/**
 * Of p = softmax(z / T) over all kept examples. With the logits over T shifted so that the largest is 0 (s), and E, Var over p:
 * d nll / d log T = s_y − E s, its derivative Var s − (s_y − E s), d max p / d log T = max p · E s. NaN as soon as a logit is.
 */
function at(kept: KeptLogits, classes: number, temperature: number): AtTemperature {
  let [nll, slope, variance, confidence, confidenceSlope, n] = [0, 0, 0, 0, 0, 0];
  for (const { labels, logits } of kept.blocks) {
    for (let i = 0; i < labels.length; i++) {
      const from = i * classes;
      const largest = largestOf(logits, from, classes);
      let [sum, first, second] = [0, 0, 0];
      for (let k = 0; k < classes; k++) {
        const s = (logits[from + k]! - largest) / temperature;
        const e = Math.exp(s);
        sum += e;
        // e is 0 long before s matters
        if (e === 0) continue;
        first += e * s;
        second += e * s * s;
      }
      const own = (logits[from + labels[i]!]! - largest) / temperature;
      const mean = first / sum;
      n++;
      nll += Math.log(sum) - own;
      slope += own - mean;
      variance += second / sum - mean * mean;
      confidence += 1 / sum;
      confidenceSlope += mean / sum;
    }
  }
  return {
    nll: nll / n,
    slope: slope / n,
    curvature: (variance - slope) / n,
    confidence: confidence / n,
    confidenceSlope: confidenceSlope / n,
  };
}

function largestOf(logits: Float32Array | Float64Array, from: number, classes: number): number {
  let largest = logits[from]!;
  for (let k = 1; k < classes; k++) largest = Math.max(largest, logits[from + k]!);
  return largest;
}

/** Newton's corrections shrink quadratically: after one below this the next would be below the rounding of log T. */
const lastCorrection = 1e-8;

/**
 * The zero of a function that rises in log T, or the end of the range beyond which it lies; NaN where the function is. `rising` answers the
 * value and its derivative in log T. Newton's method from T = 1; a step out of what is known to hold the zero goes to the range's end
 * the first time and to the middle from then on.
 */
function zeroOf(rising: (temperature: number) => readonly [value: number, derivative: number]): number {
  const ends = [Math.log(coldest), Math.log(hottest)] as const;
  let [low, high] = ends;
  let [isLowKnown, isHighKnown] = [false, false];
  let x = 0;
  for (let step = 0; step < 200; step++) {
    const [value, derivative] = rising(Math.exp(x));
    if (Number.isNaN(value)) return Number.NaN;
    if (value === 0) return Math.exp(x);
    if (value < 0) {
      if (x === ends[1]) return hottest;
      [low, isLowKnown] = [x, true];
    } else {
      if (x === ends[0]) return coldest;
      [high, isHighKnown] = [x, true];
    }
    let next = x - value / derivative;
    if (!(next > low && next < high)) {
      if (value < 0 && !isHighKnown) next = high;
      else if (value > 0 && !isLowKnown) next = low;
      else next = (low + high) / 2;
    }
    if (Math.abs(next - x) < lastCorrection) return Math.exp(next);
    x = next;
  }
  return Math.exp(x);
}

/** The temperature that minimises the negative log-likelihood of these examples (Guo et al. 2017), at most `hottest`, at least `coldest`. */
export function fittedTemperature(kept: KeptLogits, classes: number): number {
  const known = fitted.get(kept);
  if (known?.n === kept.n) return known.temperature;
  // the slope rises through its only zero: the likelihood is unimodal in log T
  const temperature = zeroOf((t) => {
    const { slope, curvature } = at(kept, classes, t);
    return [slope, curvature];
  });
  fitted.set(kept, { n: kept.n, temperature });
  return temperature;
}

/** Two metrics ask for the same one. */
const fitted = new WeakMap<KeptLogits, { readonly n: number; readonly temperature: number }>();

/** The temperature at which the mean largest probability is `confidence`. */
export const matchedTemperature = (kept: KeptLogits, classes: number, confidence: number): number =>
  zeroOf((t) => {
    const now = at(kept, classes, t);
    return [confidence - now.confidence, -now.confidenceSlope];
  });

/** Mean −log p_y at that temperature, nats. */
export const nllAt = (kept: KeptLogits, classes: number, temperature: number): number =>
  at(kept, classes, temperature).nll;

/** Moments by class of softmax(z / T). */
export function momentsAt(kept: KeptLogits, classes: number, temperature: number): ClassMoments {
  const moments = noMoments(classes);
  const p = new Float64Array(classes);
  for (const { labels, logits } of kept.blocks) {
    for (let i = 0; i < labels.length; i++) {
      const from = i * classes;
      const largest = largestOf(logits, from, classes);
      let sum = 0;
      for (let k = 0; k < classes; k++) sum += p[k] = Math.exp((logits[from + k]! - largest) / temperature);
      for (let k = 0; k < classes; k++) p[k]! /= sum;
      addVector(moments, labels[i]!, p, 0, classes);
    }
  }
  return moments;
}
