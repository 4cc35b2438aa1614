import { expect } from 'vitest';

/** u_0 … u_{count−1} in [0, 1): a 32-bit mixing function of FNV-1a(name) + i. The same numbers as golden/closed_form.py. */
export function uniform(name: string, count: number): Float64Array {
  let start = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(name)) start = Math.imul(start ^ byte, 0x01000193);
  const out = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    let h = (start + i) | 0;
    h = Math.imul(h ^ (h >>> 16), 0x7feb352d);
    h = Math.imul(h ^ (h >>> 15), 0x846ca68b);
    out[i] = ((h ^ (h >>> 16)) >>> 0) / 2 ** 32;
  }
  return out;
}

/** centre ± radius, rounded to float32. */
export const spread = (name: string, count: number, centre: number, radius: number): Float32Array =>
  Float32Array.from(uniform(name, count), (u) => centre + radius * (2 * u - 1));

/** count × size × size × 3 of variance 1. */
export const images = (count: number, size: number, name = 'images'): Float32Array =>
  spread(name, count * size * size * 3, 0, Math.sqrt(3));

export const labels = (count: number, classes: number): Int32Array =>
  Int32Array.from({ length: count }, (_, i) => (5 * i + Math.floor(i / 4)) % classes);

/**
 * Value of a parameter or statistic of a ResNet, in PyTorch's order; `shape` is PyTorch's. Filters have torchvision's variance 2/fan_out; the last
 * gain of a residual branch (`.bn3` where blocks have three filters, else `.bn2`) lies near 0.5 when damped; the last layer has `features` inputs.
 */
export function filled(
  name: string,
  shape: readonly number[],
  { lastNorm, features, damped = true }: { lastNorm: string; features: number; damped?: boolean },
): Float32Array {
  const count = shape.reduce((a, b) => a * b, 1);
  const around = (centre: number, radius: number) => spread(name, count, centre, radius);
  if (shape.length === 4) return around(0, Math.sqrt((3 * 2) / (shape[2]! * shape[3]! * shape[0]!)));
  if (name.startsWith('fc.')) return around(0, 1 / Math.sqrt(features));
  if (name.endsWith('running_var')) return around(1, 0.3);
  if (name.endsWith('.weight')) {
    const last = damped && name.startsWith('layer') && name.endsWith(`.${lastNorm}.weight`);
    return last ? around(0.5, 0.1) : around(1, 0.2);
  }
  return around(0, 0.1);
}

/** What golden/closed_form.py keeps of a tensor. */
export interface Digest {
  readonly size: number;
  readonly norm: number;
  readonly largest: number;
  readonly projection: number;
  readonly entries: readonly number[];
}

/** Largest difference of entries relative to the largest magnitude; of norm and projection relative to the norm. */
export function distance(values: ArrayLike<number>, golden: Digest): number {
  expect(values.length).toBe(golden.size);
  const direction = uniform('projection', values.length);
  let [squares, projection] = [0, 0];
  for (let i = 0; i < values.length; i++) {
    squares += values[i]! ** 2;
    projection += values[i]! * (2 * direction[i]! - 1);
  }
  const kept = golden.entries.length;
  const entries = golden.entries.map((g, k) => Math.abs(values[Math.floor((k * golden.size) / kept)]! - g));
  return Math.max(
    Math.max(...entries) / golden.largest,
    Math.abs(Math.sqrt(squares) - golden.norm) / golden.norm,
    Math.abs(projection - golden.projection) / golden.norm,
  );
}
