import { rowSpace } from '../numerics/row-space';
import { combine, dot, subtract } from '../numerics/vectors';
import type { Vector } from '../numerics/vectors';

/** The points in coordinates in which every direction varies, so that the minimiser is unique; scores are z = θ·row. */
export interface Design {
  /** coordinates of each point; with a bias a last coordinate, always 1 */
  readonly rows: readonly Float64Array[];
  readonly y: readonly (1 | -1)[];
  readonly weights: readonly number[];
  readonly size: number;
  /** the first `penalised` coordinates of θ are the weight vector’s: ‖w‖ is theirs */
  readonly penalised: number;
  /** the shortest weight vector with these scores, and its bias */
  readonly solution: (theta: Float64Array) => { weights: number[]; bias: number | null };
}

/**
 * Without a bias the coordinates are those of the span of the points, with one those of the span of their differences: a weight vector
 * outside would only be longer.
 */
export function designOf(
  points: readonly { readonly x: Vector; readonly y: 1 | -1; readonly weight: number }[],
  bias: boolean,
): Design {
  const dimensions = points[0]?.x.length ?? 0;
  const total = points.reduce((s, p) => s + p.weight, 0);
  const centre = bias
    ? combine(
        points.map((p) => p.weight / total),
        points.map((p) => p.x),
        dimensions,
      )
    : new Array<number>(dimensions).fill(0);
  // What centring a constant coordinate leaves is rounding, not variation.
  const rounding = centre.map((_, j) => 1e-14 * points.reduce((m, p) => Math.max(m, Math.abs(p.x[j]!)), 0));
  const xs = points.map((p) => subtract(p.x, centre).map((v, j) => (bias && Math.abs(v) <= rounding[j]! ? 0 : v)));
  const basis = rowSpace(xs);
  const plain = basis.length === dimensions;
  const penalised = basis.length;
  return {
    rows: xs.map((x) => Float64Array.from([...(plain ? x : basis.map((q) => dot(q, x))), ...(bias ? [1] : [])])),
    y: points.map((p) => p.y),
    weights: points.map((p) => p.weight),
    size: penalised + (bias ? 1 : 0),
    penalised,
    solution: (theta) => {
      const weights = (plain ? [...theta.subarray(0, penalised)] : combine(theta, basis, dimensions)).map((v) => v + 0);
      return { weights, bias: bias ? theta[penalised]! - dot(weights, centre) : null };
    },
  };
}

export function scoresOf(design: Design, theta: Float64Array): Float64Array {
  return Float64Array.from(design.rows, (row) => row.reduce((s, v, j) => s + v * theta[j]!, 0));
}
