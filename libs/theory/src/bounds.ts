/** Examples with their targets q and predictions p, K probabilities each, class labels, and weights that sum to one. */
export interface Predictions {
  readonly targets: readonly (readonly number[])[];
  readonly probabilities: readonly (readonly number[])[];
  readonly labels: readonly number[];
  readonly weights: readonly number[];
}

export interface BoundChain {
  /** E KL(q‖p) = L − E H(q), nats */
  readonly excess: number;
  /** E ‖q − p‖² */
  readonly squaredDistance: number;
  /** E_y tr Cov(p ∣ y), classes weighted by frequency */
  readonly outputVariance: number;
}

/**
 * L − H(q) = E KL(q‖p) ≥ E ‖q − p‖² ≥ E_y tr Cov(p ∣ y) for targets that depend on the class alone: Pinsker's inequality with
 * ½‖v‖₁² ≥ ‖v‖₂² where Σv = 0, and the class mean as the best constant.
 */
export function boundChain({ targets, probabilities, labels, weights }: Predictions): BoundChain {
  let [excess, squaredDistance] = [0, 0];
  const classes = new Map<number, { weight: number; sum: number[] }>();
  probabilities.forEach((p, i) => {
    const q = targets[i]!;
    const w = weights[i]!;
    q.forEach((v, k) => {
      if (v > 0) excess += w * v * Math.log(v / p[k]!);
      squaredDistance += w * (v - p[k]!) ** 2;
    });
    const c = classes.get(labels[i]!) ?? { weight: 0, sum: p.map(() => 0) };
    classes.set(labels[i]!, { weight: c.weight + w, sum: c.sum.map((s, k) => s + w * p[k]!) });
  });
  const outputVariance = probabilities.reduce((total, p, i) => {
    const c = classes.get(labels[i]!)!;
    return total + weights[i]! * p.reduce((s, v, k) => s + (v - c.sum[k]! / c.weight) ** 2, 0);
  }, 0);
  return { excess, squaredDistance, outputVariance };
}

/** q_k(δ_kl − q_l), K × K: the Hessian of the cross-entropy in the logits at its minimum. For two classes (α/2)(1 − α/2) (1 −1; −1 1). */
export const curvatureAtOptimum = (q: readonly number[]): number[][] =>
  q.map((a, k) => q.map((b, l) => (k === l ? a * (1 - a) : -a * b)));
