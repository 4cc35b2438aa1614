/** A function to be minimised: its value at x, its gradient written into `gradient`. */
export type Objective = (x: Float64Array, gradient: Float64Array) => number;

const dot = (a: Float64Array, b: Float64Array): number => {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
};

/**
 * Minimises a smooth convex function by limited-memory BFGS with ten pairs and Armijo backtracking (J. Nocedal, S. Wright, Numerical
 * Optimization, algorithm 7.5). Ends when the largest entry of the gradient is below `tolerance`, when no step goes down any more, or after `most` steps.
 */
export function minimise(objective: Objective, start: Float64Array, tolerance: number, most: number): Float64Array {
  let x = start.slice();
  let gradient = new Float64Array(x.length);
  let value = objective(x, gradient);
  const pairs: { s: Float64Array; y: Float64Array; rho: number }[] = [];
  for (let step = 0; step < most; step++) {
    if (gradient.every((g) => Math.abs(g) < tolerance)) break;
    const direction = descent(gradient, pairs);
    const slope = dot(direction, gradient);
    let size = pairs.length === 0 ? Math.min(1, 1 / Math.sqrt(dot(gradient, gradient))) : 1;
    let next = x;
    const nextGradient = new Float64Array(x.length);
    let nextValue = Infinity;
    for (let halving = 0; halving < 40; halving++, size /= 2) {
      next = x.map((v, i) => v + size * direction[i]!);
      nextValue = objective(next, nextGradient);
      if (nextValue <= value + 1e-4 * size * slope) break;
    }
    if (!(nextValue < value)) break;
    const s = next.map((v, i) => v - x[i]!);
    const y = nextGradient.map((v, i) => v - gradient[i]!);
    if (dot(s, y) > 0) pairs.push({ s, y, rho: 1 / dot(s, y) });
    if (pairs.length > 10) pairs.shift();
    [x, gradient, value] = [next, nextGradient, nextValue];
  }
  return x;
}

/** −H g by the two-loop recursion. */
function descent(
  gradient: Float64Array,
  pairs: readonly { s: Float64Array; y: Float64Array; rho: number }[],
): Float64Array {
  const q = gradient.map((g) => -g);
  const weights: number[] = [];
  for (const { s, y, rho } of [...pairs].reverse()) {
    const weight = rho * dot(s, q);
    weights.push(weight);
    for (let i = 0; i < q.length; i++) q[i]! -= weight * y[i]!;
  }
  const last = pairs.at(-1);
  if (last) {
    const scale = 1 / (last.rho * dot(last.y, last.y));
    for (let i = 0; i < q.length; i++) q[i]! *= scale;
  }
  for (const { s, y, rho } of pairs) {
    const weight = weights.pop()! - rho * dot(y, q);
    for (let i = 0; i < q.length; i++) q[i]! += weight * s[i]!;
  }
  return q;
}
