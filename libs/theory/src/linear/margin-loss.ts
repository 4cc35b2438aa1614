import { sigmoid, sigmoidSlope, softplus } from '../numerics/logistic';
import type { Evaluation } from '../numerics/newton';
import type { Design } from './design';
import { scoresOf } from './design';

/**
 * Label smoothing over two classes: E[(1 − α/2) log(1 + e^−m) + (α/2) log(1 + e^m)], m = y z; ERM at α = 0.
 * Its first and second derivatives in θ.
 */
export function marginLoss(design: Design, alpha: number): (theta: Float64Array) => Evaluation {
  const n = design.size;
  return (theta) => {
    const z = scoresOf(design, theta);
    let value = 0;
    const gradient = new Float64Array(n);
    const hessian = new Float64Array(n * n);
    design.rows.forEach((row, i) => {
      const p = design.weights[i]!;
      const m = design.y[i]! * z[i]!;
      value += p * (alpha === 0 ? softplus(-m) : (1 - alpha / 2) * softplus(-m) + (alpha / 2) * softplus(m));
      // α/2 − sigmoid(−m), without cancellation at α = 0
      const slope = p * design.y[i]! * (alpha / 2 - sigmoid(-m));
      const curvature = p * sigmoidSlope(m);
      for (let j = 0; j < n; j++) {
        gradient[j]! += slope * row[j]!;
        for (let k = 0; k < n; k++) hessian[j * n + k]! += curvature * row[j]! * row[k]!;
      }
    });
    return { value, gradient, hessian };
  };
}

/** Adds (λ/2)‖w‖² to a loss; the bias is free. */
export function withWeightDecay(
  loss: (theta: Float64Array) => Evaluation,
  lambda: number,
  penalised: number,
): (theta: Float64Array) => Evaluation {
  if (lambda === 0) return loss;
  return (theta) => {
    const { value, gradient, hessian } = loss(theta);
    let square = 0;
    for (let j = 0; j < penalised; j++) {
      square += theta[j]! ** 2;
      gradient[j]! += lambda * theta[j]!;
      hessian[j * (theta.length + 1)]! += lambda;
    }
    return { value: value + (lambda / 2) * square, gradient, hessian };
  };
}
