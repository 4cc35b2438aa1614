import { leastDistance } from '../numerics/nnls';
import { rowSpace, withoutDirections } from '../numerics/row-space';
import { dot, norm, scaled, subtract } from '../numerics/vectors';
import type { Vector } from '../numerics/vectors';

interface Labelled {
  readonly x: Vector;
  readonly y: number;
}

/**
 * How far a linear rule can separate the points. `separated` are the indices of the points that one direction classifies with a
 * positive margin while every other point lies on its boundary: all for separable data, none where every direction errs.
 */
export interface Separation {
  readonly separated: readonly number[];
  readonly rest: readonly number[];
  /** of unit length: the largest margin over the separated points; zeros where a bias alone separates, or nothing does */
  readonly weights: readonly number[];
  readonly bias: number | null;
  /** smallest y (w·x + b) over the separated points; 0 when there are none */
  readonly margin: number;
}

const least = (values: readonly number[]): number => values.reduce((m, v) => Math.min(m, v), Infinity);

/** Which points no direction separates: each infeasible problem certifies some of them (Stiemke's lemma), until none is left. */
function inseparable(points: readonly Labelled[], bias: boolean, scale: number): Set<number> {
  const rows = points.map(({ x, y }) => [...x.map((v) => (y * v) / scale), ...(bias ? [y] : [])]);
  const lengths = rows.map(norm);
  const even = rows.map((r, i) => (lengths[i]! > 0 ? scaled(r, 1 / lengths[i]!) : r));
  const rest = new Set(lengths.flatMap((l, i) => (l > 0 ? [] : [i])));
  while (rest.size < points.length) {
    const found = leastDistance(
      even,
      even.map((_, i) => (rest.has(i) ? 0 : 1)),
    );
    if (found.kind === 'point') break;
    const largest = found.u.reduce((m, u) => Math.max(m, u), 0);
    const before = rest.size;
    found.u.forEach((u, i) => u > 1e-8 * largest && rest.add(i));
    if (rest.size === before) found.u.forEach((u, i) => u > 0 && rest.add(i));
    if (rest.size === before) break;
  }
  return rest;
}

/** Shortest w with y w·x ≥ 1 for all points. */
function shortest(rows: readonly Vector[]): number[] {
  const size = rows.reduce((m, r) => Math.max(m, norm(r)), 0);
  const found = leastDistance(
    rows.map((r) => scaled(r, 1 / size)),
    rows.map(() => 1),
  );
  return found.kind === 'point' ? scaled(found.x, 1 / size) : rows[0]!.map(() => 0);
}

/** Shortest w with w·(x_i − x_j) ≥ 2 for all i of class +1 and j of class −1: pairs join as they are violated. */
function shortestWithBias(points: readonly Labelled[]): number[] {
  const [plus, minus] = [1, -1].map((y) => points.filter((p) => p.y === y).map((p) => p.x)) as [Vector[], Vector[]];
  const lowest = (xs: readonly Vector[], w: Vector): Vector =>
    xs.reduce((best, x) => (dot(x, w) < dot(best, w) ? x : best), xs[0]!);
  const pairs = [subtract(plus[0]!, minus[0]!)];
  for (;;) {
    const w = shortest(pairs.map((d) => scaled(d, 0.5)));
    const closest = subtract(lowest(plus, w), lowest(minus, scaled(w, -1)));
    if (dot(closest, w) >= 2 - 1e-10 || pairs.some((p) => norm(subtract(p, closest)) === 0)) return w;
    pairs.push(closest);
  }
}

/**
 * The maximum-margin rule of the points, or of those that can be separated: the limit of w/‖w‖ as the weight decay of ERM goes to 0
 * (S. Rosset, J. Zhu, T. Hastie, Margin maximizing loss functions, NIPS 2003), and of gradient descent (Z. Ji, M. Telgarsky, 2019).
 * Solved as a quadratic programme; margins under 1e-9 of the data's size count as none. The bias is not part of the norm.
 */
export function separate(points: readonly Labelled[], bias: boolean): Separation {
  const width = points[0]!.x.length;
  const none = { weights: new Array<number>(width).fill(0), bias: bias ? 0 : null, margin: 0 };
  const classes = new Set(points.map((p) => p.y));
  const all = points.map((_, i) => i);
  // A bias alone: no weight is needed, and the margin grows with b without bound.
  if (bias && classes.size === 1) return { ...none, separated: all, rest: [], bias: points[0]!.y, margin: 1 };
  const scale = points.reduce((m, p) => Math.max(m, norm(p.x)), 0);
  if (scale === 0) return { ...none, separated: [], rest: all };
  const onBoundary = inseparable(points, bias, scale);
  const [separated, rest] = [all.filter((i) => !onBoundary.has(i)), all.filter((i) => onBoundary.has(i))];
  if (separated.length === 0) return { ...none, separated, rest };
  const anchor = bias ? (rest[0] === undefined ? null : points[rest[0]]!.x) : none.weights;
  let w: number[];
  if (anchor === null) w = shortestWithBias(points);
  else {
    // The boundary goes through the rest: w is orthogonal to it, and with a bias the anchor fixes b.
    const along = rowSpace(rest.map((i) => subtract(points[i]!.x, anchor)));
    w = shortest(separated.map((i) => scaled(withoutDirections(subtract(points[i]!.x, anchor), along), points[i]!.y)));
  }
  const weights = scaled(w, 1 / norm(w));
  const scores = separated.map((i) => ({ y: points[i]!.y, z: dot(weights, points[i]!.x) }));
  const b = !bias
    ? null
    : anchor !== null
      ? -dot(weights, anchor)
      : (least(scores.filter((s) => s.y < 0).map((s) => -s.z)) - least(scores.filter((s) => s.y > 0).map((s) => s.z))) /
        2;
  return { separated, rest, weights, bias: b, margin: least(scores.map(({ y, z }) => y * (z + (b ?? 0)))) };
}
