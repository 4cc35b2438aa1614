/** log(1 + e^z) without overflow. */
export const softplus = (z: number): number => Math.max(z, 0) + Math.log1p(Math.exp(-Math.abs(z)));

/** 1 / (1 + e^−z), precise in both tails. */
export function sigmoid(z: number): number {
  const e = Math.exp(-Math.abs(z));
  return z >= 0 ? 1 / (1 + e) : e / (1 + e);
}

/** p(1 − p) at p = sigmoid(z), precise in both tails. */
export function sigmoidSlope(z: number): number {
  const e = Math.exp(-Math.abs(z));
  return e / ((1 + e) * (1 + e));
}

/** −Σ q log q in nats; 0 log 0 = 0. */
export const entropy = (q: readonly number[]): number => q.reduce((s, v) => s - (v > 0 ? v * Math.log(v) : 0), 0);
