import type { Vector } from './vectors';
import { dot, norm, scaled, subtract } from './vectors';

const relativeCutOff = 1e-10;

/** a − Σ_k (a·q_k) q_k for orthonormal q, done twice so that rounding leaves nothing along q. */
export function withoutDirections(a: Vector, basis: readonly Vector[]): number[] {
  let rest = [...a];
  for (let pass = 0; pass < 2; pass++) for (const q of basis) rest = subtract(rest, scaled(q, dot(rest, q)));
  return rest;
}

/** Gram–Schmidt with pivoting: the longest remainder joins the basis, until none is longer than `cutOff` times the longest row. */
function pivotedBasis(rows: readonly Vector[], cutOff: number): number[][] {
  let rest = rows.map((r) => [...r]);
  const longest = Math.max(0, ...rest.map(norm));
  const basis: number[][] = [];
  const most = Math.min(rows.length, rows[0]?.length ?? 0);
  while (basis.length < most) {
    const lengths = rest.map(norm);
    const pivot = lengths.reduce((best, l, i) => (l > lengths[best]! ? i : best), 0);
    if (!(lengths[pivot]! > cutOff * longest)) break;
    const q = withoutDirections(scaled(rest[pivot]!, 1 / lengths[pivot]!), basis);
    const direction = scaled(q, 1 / norm(q));
    basis.push(direction);
    rest = rest.map((r) => subtract(r, scaled(direction, dot(r, direction))));
  }
  return basis;
}

/**
 * An orthonormal basis of the span of the rows, the unit vectors where that is the whole space. Which directions vary is decided
 * after bringing every column to the same size (units must not matter), relative cut-off 1e-10.
 */
export function rowSpace(rows: readonly Vector[]): number[][] {
  const width = rows[0]?.length ?? 0;
  const sizes = Array.from({ length: width }, (_, j) => rows.reduce((m, r) => Math.max(m, Math.abs(r[j]!)), 0));
  const even = rows.map((r) => r.map((v, j) => (sizes[j]! > 0 ? v / sizes[j]! : 0)));
  const found = pivotedBasis(even, relativeCutOff);
  if (found.length === width) return sizes.map((_, j) => sizes.map((__, k) => (j === k ? 1 : 0)));
  // Back in the given units the vectors still span the row space, but are no longer orthogonal.
  return pivotedBasis(
    found.map((q) => q.map((v, j) => v * sizes[j]!)),
    0,
  );
}
