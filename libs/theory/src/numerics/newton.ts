import { solvePositiveDefinite } from './cholesky';

export interface Evaluation {
  readonly value: number;
  readonly gradient: Float64Array;
  /** n × n, row-major */
  readonly hessian: Float64Array;
}

export interface Minimum {
  readonly at: Float64Array;
  readonly evaluation: Evaluation;
  readonly converged: boolean;
}

const inner = (a: Float64Array, b: Float64Array): number => a.reduce((s, v, i) => s + v * b[i]!, 0);
const moved = (a: Float64Array, b: Float64Array, t: number): Float64Array => a.map((v, i) => v + t * b[i]!);

/** A Newton step −H⁻¹g; where rounding makes H singular, a ridge is added and raised until it is not. */
function newtonStep({ gradient, hessian }: Evaluation): Float64Array {
  const n = gradient.length;
  const minus = gradient.map((v) => -v);
  const plain = solvePositiveDefinite(hessian, minus);
  if (plain) return plain;
  const largest = Math.max(Number.MIN_VALUE, ...Array.from({ length: n }, (_, i) => hessian[i * n + i]!));
  for (let ridge = largest * 1e-14; Number.isFinite(ridge); ridge *= 100) {
    const step = solvePositiveDefinite(
      hessian.map((v, k) => (k % (n + 1) === 0 ? v + ridge : v)),
      minus,
    );
    if (step) return step;
  }
  return minus;
}

/**
 * Damped Newton for a smooth convex function that is bounded below and not negative. Stops when the Newton decrement (twice the
 * distance to the minimum in value) is 1e-24 of the value, and takes that last step too.
 */
export function minimiseConvex(evaluate: (x: Float64Array) => Evaluation, start: Float64Array): Minimum {
  let at = start;
  let now = evaluate(at);
  for (let iteration = 0; iteration < 200; iteration++) {
    const step = newtonStep(now);
    const decrement = -inner(now.gradient, step);
    const done = decrement <= 1e-24 * now.value;
    let t = 1;
    let next = evaluate(moved(at, step, t));
    while (!done && !(next.value <= now.value - 1e-4 * t * decrement) && t > 1e-12) {
      // Close to the minimum values no longer tell steps apart, gradients do.
      if (decrement < 1e-12 * now.value && inner(next.gradient, next.gradient) < inner(now.gradient, now.gradient))
        break;
      t /= 2;
      next = evaluate(moved(at, step, t));
    }
    if (done || t <= 1e-12) {
      const better = inner(next.gradient, next.gradient) < inner(now.gradient, now.gradient);
      return {
        at: better ? moved(at, step, t) : at,
        evaluation: better ? next : now,
        converged: decrement <= 1e-16 * now.value,
      };
    }
    at = moved(at, step, t);
    now = next;
  }
  return { at, evaluation: now, converged: false };
}
