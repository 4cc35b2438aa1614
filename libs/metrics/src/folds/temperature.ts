import type { KeptLogits } from './kept-logits';
import type { ClassMoments } from './moments';
import { addVector, noMoments } from './moments';

/** Temperatures are sought between 1/64 and 64: beyond, softmax is one-hot or uniform for any practical logits. */
export const coldest = 1 / 64;
export const hottest = 64;

/** Of p = softmax(z / T) over all kept examples: mean −log p_y and its slope in log T, and the mean largest p. NaN as soon as a logit is. */
function at(
  kept: KeptLogits,
  classes: number,
  temperature: number,
): { nll: number; slope: number; confidence: number } {
  let [nll, slope, confidence, n] = [0, 0, 0, 0];
  for (const { labels, logits } of kept.blocks) {
    for (let i = 0; i < labels.length; i++) {
      const from = i * classes;
      let largest = logits[from]!;
      for (let k = 1; k < classes; k++) largest = Math.max(largest, logits[from + k]!);
      let [sum, mean] = [0, 0];
      for (let k = 0; k < classes; k++) {
        const z = (logits[from + k]! - largest) / temperature;
        const e = Math.exp(z);
        sum += e;
        // e is 0 long before z matters
        mean += e === 0 ? 0 : e * z;
      }
      const own = (logits[from + labels[i]!]! - largest) / temperature;
      n++;
      nll += (Math.log(sum) - own - nll) / n;
      slope += (own - mean / sum - slope) / n;
      confidence += (1 / sum - confidence) / n;
    }
  }
  return { nll, slope, confidence };
}

/** The zero of a function that rises in log T, to 1e-12, or the end of the range beyond which it lies; NaN where the function is. */
function zeroOf(rising: (temperature: number) => number): number {
  let [low, high] = [Math.log(coldest), Math.log(hottest)];
  let [below, above] = [rising(coldest), rising(hottest)];
  if (Number.isNaN(below) || Number.isNaN(above)) return Number.NaN;
  if (below >= 0) return coldest;
  if (above <= 0) return hottest;
  // False position; an end that stays twice counts half (the Illinois rule).
  let [last, side] = [Number.NaN, 0];
  for (let step = 0; step < 100; step++) {
    const middle = (above * low - below * high) / (above - below);
    const value = rising(Math.exp(middle));
    if (value === 0 || Math.abs(middle - last) < 1e-12) return Math.exp(middle);
    last = middle;
    if (value < 0) {
      [low, below] = [middle, value];
      if (side < 0) above /= 2;
      side = -1;
    } else {
      [high, above] = [middle, value];
      if (side > 0) below /= 2;
      side = 1;
    }
  }
  return Math.exp(last);
}

/** The temperature that minimises the negative log-likelihood of these examples (Guo et al. 2017), at most `hottest`, at least `coldest`. */
export function fittedTemperature(kept: KeptLogits, classes: number): number {
  const known = fitted.get(kept);
  if (known?.n === kept.n) return known.temperature;
  // d nll / d log T is E[own − mean]: it rises through its only zero.
  const temperature = zeroOf((t) => at(kept, classes, t).slope);
  fitted.set(kept, { n: kept.n, temperature });
  return temperature;
}

/** Two metrics ask for the same one. */
const fitted = new WeakMap<KeptLogits, { readonly n: number; readonly temperature: number }>();

/** The temperature at which the mean largest probability is `confidence`. */
export const matchedTemperature = (kept: KeptLogits, classes: number, confidence: number): number =>
  zeroOf((t) => confidence - at(kept, classes, t).confidence);

/** Mean −log p_y at that temperature, nats. */
export const nllAt = (kept: KeptLogits, classes: number, temperature: number): number =>
  at(kept, classes, temperature).nll;

/** Moments by class of softmax(z / T). */
export function momentsAt(kept: KeptLogits, classes: number, temperature: number): ClassMoments {
  const moments = noMoments(classes);
  const p = new Float64Array(classes);
  for (const { labels, logits } of kept.blocks) {
    for (let i = 0; i < labels.length; i++) {
      const row = logits.subarray(i * classes, (i + 1) * classes);
      const largest = Math.max(...row);
      let sum = 0;
      for (let k = 0; k < classes; k++) sum += p[k] = Math.exp((row[k]! - largest) / temperature);
      for (let k = 0; k < classes; k++) p[k]! /= sum;
      addVector(moments, labels[i]!, p, 0, classes);
    }
  }
  return moments;
}
