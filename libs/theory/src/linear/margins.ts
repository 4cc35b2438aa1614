import { simplex } from '../numerics/simplex';
import { dot } from '../numerics/vectors';
import type { LinearPoint } from './problem';
import { completeLinearProblem } from './problem';
import { separate } from './separation';

export interface Margin {
  /** of norm one in the norm that the margin is measured in; zeros where no direction separates */
  readonly weights: readonly number[];
  readonly bias: number | null;
  /** smallest y (w·x + b) over the points that are separated */
  readonly margin: number;
  /** all points, some of them (the others lie on the boundary), or none */
  readonly separable: 'all' | 'some' | 'none';
}

/**
 * The Euclidean maximum-margin rule: what ERM tends to as weight decay goes to 0, and under gradient descent. Point weights do not
 * matter. Throws `LinearProblemError` for points that are none.
 */
export function maxMargin(points: readonly LinearPoint[], options: { readonly bias?: boolean } = {}): Margin {
  const problem = completeLinearProblem({ points, loss: 'erm', bias: options.bias });
  const { weights, bias, margin, separated, rest } = separate(problem.points, problem.bias);
  return { weights, bias, margin, separable: separated.length === 0 ? 'none' : rest.length === 0 ? 'all' : 'some' };
}

/**
 * The maximum margin under ‖w‖_∞ ≤ 1, a linear programme without bias: the direction that Adam tends to on separable data
 * (C. Zhang, D. Zou, Y. Cao, The implicit bias of Adam on separable data, NeurIPS 2024). One of the optima where there are several.
 */
export function maxMarginInfinity(points: readonly LinearPoint[]): Margin {
  const problem = completeLinearProblem({ points, loss: 'erm' });
  const d = problem.dimensions;
  const none: Margin = { weights: new Array<number>(d).fill(0), bias: null, margin: 0, separable: 'none' };
  const size = problem.points.reduce((m, p) => p.x.reduce((n, v) => Math.max(n, Math.abs(v)), m), 0);
  if (size === 0) return none;
  const signed = problem.points.map(({ x, y }) => x.map((v) => (y * v) / size));
  // Points join as the optimum of those so far violates them: few decide.
  const chosen = [0];
  for (;;) {
    const { weights, margin } = bestOver(chosen.map((i) => signed[i]!));
    const margins = signed.map((x) => dot(x, weights));
    const worst = margins.reduce((least, m, i) => (m < margins[least]! ? i : least), 0);
    if (!(margin > 1e-9)) return none;
    if (margins[worst]! >= margin - 1e-12 || chosen.includes(worst))
      return { weights, bias: null, margin: margins[worst]! * size, separable: 'all' };
    chosen.push(worst);
  }
}

/** Maximises γ subject to x·w ≥ γ for every row and |w_j| ≤ 1, with w = p − q and p, q, γ ≥ 0. */
function bestOver(rows: readonly (readonly number[])[]): { weights: number[]; margin: number } {
  const d = rows[0]!.length;
  const unitRow = (j: number): number[] => Array.from({ length: d }, (_, k) => (k === j ? 1 : 0));
  const limits = Array.from({ length: d }, (_, j) => [...unitRow(j), ...unitRow(j), 0]);
  const x = simplex(
    [...rows.map((r) => [...r.map((v) => -v), ...r, 1]), ...limits],
    [...rows.map(() => 0), ...limits.map(() => 1)],
    [...new Array<number>(2 * d).fill(0), 1],
  );
  return { weights: limits.map((_, j) => x[j]! - x[d + j]!), margin: x[2 * d]! };
}
