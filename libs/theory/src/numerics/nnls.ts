import type { Vector } from './vectors';
import { combine, dot, norm, scaled, subtract } from './vectors';

/** Least squares min ‖Σ_k c_k a_k − f‖ by orthogonalisation of the (few) columns; later columns that depend on earlier ones get 0. */
function leastSquares(columns: readonly Vector[], f: Vector): number[] {
  const q: number[][] = [];
  const r: number[][] = [];
  for (const column of columns) {
    let rest = [...column];
    const along = new Array<number>(q.length).fill(0);
    for (let pass = 0; pass < 2; pass++) {
      q.forEach((direction, k) => {
        const c = dot(rest, direction);
        along[k]! += c;
        rest = subtract(rest, scaled(direction, c));
      });
    }
    const length = norm(rest);
    const independent = length > 1e-13 * norm(column);
    q.push(independent ? scaled(rest, 1 / length) : rest.map(() => 0));
    r.push([...along, independent ? length : Number.POSITIVE_INFINITY]);
  }
  const c = q.map((direction) => dot(direction, f));
  for (let k = columns.length - 1; k >= 0; k--) {
    c[k] = c[k]! / r[k]![k]!;
    for (let i = 0; i < k; i++) c[i]! -= c[k]! * r[k]![i]!;
  }
  return c;
}

/**
 * Non-negative least squares: u ≥ 0 that minimises ‖Σ_i u_i a_i − f‖ over the columns a_i, and the residual Σ u_i a_i − f.
 * C. Lawson, R. Hanson, Solving Least Squares Problems, 1974, chapter 23, algorithm NNLS: finite, active set.
 */
export function nonNegativeLeastSquares(columns: readonly Vector[], f: Vector): { u: number[]; residual: number[] } {
  const u = new Array<number>(columns.length).fill(0);
  let passive: number[] = [];
  let residual = scaled(f, -1);
  const lengths = columns.map(norm);
  for (let step = 0; step < 10 * (columns.length + f.length); step++) {
    let entering = -1;
    let steepest = 1e-13 * norm(f);
    columns.forEach((column, i) => {
      if (lengths[i] === 0 || passive.includes(i)) return;
      const slope = -dot(column, residual) / lengths[i]!;
      if (slope > steepest) [entering, steepest] = [i, slope];
    });
    if (entering < 0) break;
    passive.push(entering);
    for (;;) {
      const c = leastSquares(
        passive.map((i) => columns[i]!),
        f,
      );
      // A column that would enter with a coefficient of 0 or below only does so by rounding: leave it out.
      if (passive.at(-1) === entering && u[entering] === 0 && c.at(-1)! <= 0) {
        passive.pop();
        lengths[entering] = 0;
        break;
      }
      if (c.every((v) => v > 0)) {
        passive.forEach((i, k) => (u[i] = c[k]!));
        break;
      }
      const reach = Math.min(...passive.map((i, k) => (c[k]! > 0 ? Infinity : u[i]! / (u[i]! - c[k]!))));
      passive.forEach(
        (i, k) => (u[i] = c[k]! <= 0 && u[i]! / (u[i]! - c[k]!) <= reach ? 0 : u[i]! + reach * (c[k]! - u[i]!)),
      );
      passive = passive.filter((i) => u[i]! > 0);
    }
    residual = subtract(
      combine(
        passive.map((i) => u[i]!),
        passive.map((i) => columns[i]!),
        f.length,
      ),
      f,
    );
  }
  return { u, residual };
}

/** Relative margins below this count as none. */
const smallestMargin = 1e-9;

/**
 * The shortest x with g_i·x ≥ h_i for all i (Lawson & Hanson, chapter 23, problem LDP), or, where there is none, a certificate
 * u ≥ 0 with Σ u_i g_i = 0 and Σ u_i h_i > 0. Rows should be of size one or smaller.
 */
export function leastDistance(
  rows: readonly Vector[],
  h: Vector,
): { kind: 'point'; x: number[] } | { kind: 'infeasible'; u: number[] } {
  const width = rows[0]!.length;
  const { u, residual } = nonNegativeLeastSquares(
    rows.map((g, i) => [...g, h[i]!]),
    [...new Array<number>(width).fill(0), 1],
  );
  const last = residual[width]!;
  if (norm(residual) <= smallestMargin) return { kind: 'infeasible', u };
  return { kind: 'point', x: residual.slice(0, width).map((v) => -v / last) };
}
