import type { LinearProblem } from './problem';
import type { LinearSolution } from './solve';
import { solveLinear } from './solve';

export interface PathPoint {
  readonly weightDecay: number;
  readonly solution: LinearSolution;
}

/** `count` weight decays from `largest` down to `smallest`, evenly spaced in the logarithm. */
export function weightDecays(largest: number, smallest: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => largest * (smallest / largest) ** (count === 1 ? 0 : i / (count - 1)));
}

/** The optimum at each weight decay, in the given order; 0 gives the limit. */
export function linearPath(problem: LinearProblem, decays: readonly number[]): PathPoint[] {
  return decays.map((weightDecay) => ({ weightDecay, solution: solveLinear({ ...problem, weightDecay }) }));
}

/** ‖w_H‖² / ‖w‖²: the part of the rule that rests on the high-variance coordinates; NaN for w = 0 or without `high`. */
export function highShare(solution: Pick<LinearSolution, 'weights' | 'highNorm'>): number {
  return (solution.highNorm ?? Number.NaN) ** 2 / solution.weights.reduce((s, w) => s + w * w, 0);
}
