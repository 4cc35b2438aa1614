export type Vector = readonly number[];

export const dot = (a: Vector, b: Vector): number => a.reduce((s, v, i) => s + v * b[i]!, 0);
export const subtract = (a: Vector, b: Vector): number[] => a.map((v, i) => v - b[i]!);
export const scaled = (a: Vector, c: number): number[] => a.map((v) => v * c);
/** Euclidean length. */
export const norm = (a: Vector): number => Math.hypot(...a);
export const unit = (a: Vector): number[] => scaled(a, 1 / norm(a));
/** Σ_k c_k a_k. */
export function combine(coefficients: ArrayLike<number>, vectors: readonly Vector[], length: number): number[] {
  const out = new Array<number>(length).fill(0);
  vectors.forEach((v, k) => v.forEach((x, j) => (out[j]! += coefficients[k]! * x)));
  return out;
}
