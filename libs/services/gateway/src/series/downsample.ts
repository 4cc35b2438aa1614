export type Downsampling = 'MIN_MAX' | 'LTTB' | 'NONE';

/**
 * Indices of at most `budget` points that show a curve, in order; first and last point always among them. Non-finite values
 * (NaN here) are never dropped for lack of height: a gap that is not drawn is a wrong curve.
 *
 * - `MIN_MAX`: equal ranges of indices, of each the lowest and the highest point.
 * - `LTTB`: largest triangle three buckets (Steinarsson, Downsampling Time Series for Visual Representation, 2013).
 * - `NONE`: every point; the caller refuses more than its limit.
 */
export function downsample(x: readonly number[], y: readonly number[], budget: number, how: Downsampling): number[] {
  const n = x.length;
  if (how === 'NONE' || n <= budget) return Array.from({ length: n }, (_, i) => i);
  if (budget === 1) return [n - 1];
  if (budget === 2) return [0, n - 1];
  return how === 'MIN_MAX' ? minMax(y, budget) : lttb(x, y, budget);
}

function minMax(y: readonly number[], budget: number): number[] {
  const n = y.length;
  // First and last point, and of every range between them up to two.
  const ranges = Math.max(1, Math.floor((budget - 2) / 2));
  if (budget < 4) return [0, extreme(y, 1, n - 1), n - 1];
  const out = [0];
  for (let k = 0; k < ranges; k++) {
    const from = 1 + Math.floor((k * (n - 2)) / ranges);
    const to = 1 + Math.floor(((k + 1) * (n - 2)) / ranges);
    let low = -1;
    let high = -1;
    let gap = -1;
    for (let i = from; i < to; i++) {
      if (Number.isNaN(y[i])) gap = i;
      else {
        if (low < 0 || y[i]! < y[low]!) low = i;
        if (high < 0 || y[i]! > y[high]!) high = i;
      }
    }
    // A gap takes the place of the extreme that lies nearer to the middle of the range's values.
    const kept = gap < 0 ? [low, high] : [gap, high];
    for (const i of [...new Set(kept)].sort((a, b) => a - b)) if (i >= 0) out.push(i);
  }
  out.push(n - 1);
  return out;
}

/** The point of a range that is farthest from its first one, a gap before all. */
function extreme(y: readonly number[], from: number, to: number): number {
  let best = from;
  for (let i = from; i < to; i++) {
    if (Number.isNaN(y[i])) return i;
    if (Math.abs(y[i]! - y[from]!) > Math.abs(y[best]! - y[from]!)) best = i;
  }
  return best;
}

function lttb(x: readonly number[], y: readonly number[], budget: number): number[] {
  const n = x.length;
  const every = (n - 2) / (budget - 2);
  const out = [0];
  let a = 0;
  for (let k = 0; k < budget - 2; k++) {
    const from = Math.floor(k * every) + 1;
    const to = Math.floor((k + 1) * every) + 1;
    // Mean of the next bucket, whose last is the last point.
    const nextTo = Math.min(Math.floor((k + 2) * every) + 1, n);
    let meanX = 0;
    let meanY = 0;
    let count = 0;
    for (let i = to; i < nextTo; i++) {
      if (Number.isNaN(y[i])) continue;
      meanX += x[i]!;
      meanY += y[i]!;
      count++;
    }
    if (count > 0) {
      meanX /= count;
      meanY /= count;
    } else {
      meanX = x[Math.min(to, n - 1)]!;
      meanY = 0;
    }
    const ay = Number.isNaN(y[a]) ? 0 : y[a]!;
    let chosen = from;
    let largest = -1;
    for (let i = from; i < to; i++) {
      const area = Number.isNaN(y[i])
        ? Infinity
        : Math.abs((x[a]! - meanX) * (y[i]! - ay) - (x[a]! - x[i]!) * (meanY - ay)) / 2;
      if (area > largest) {
        largest = area;
        chosen = i;
      }
    }
    out.push(chosen);
    a = chosen;
  }
  out.push(n - 1);
  return out;
}
