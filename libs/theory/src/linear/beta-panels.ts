import { gaussJacobi } from '../numerics/gauss-jacobi';

/** Nodes λ in (0, 1) and weights that sum to one: an expectation over Beta(a, a). */
export interface BetaRule {
  readonly lambda: Float64Array;
  readonly weight: Float64Array;
}

/** One Gauss–Jacobi rule over the whole of [0, 1]. */
export function betaRule(a: number, nodes: number): BetaRule {
  const rule = gaussJacobi(nodes, a - 1, a - 1);
  return { lambda: rule.nodes.map((x) => (1 + x) / 2), weight: rule.weights };
}

/** E λ² and E λ(1 − λ) under Beta(a, a). */
export const betaMoments = (a: number): { squared: number; mixed: number } => ({
  squared: (a + 1) / (2 * (2 * a + 1)),
  mixed: a / (2 * (2 * a + 1)),
});

/**
 * A rule that is cut at the given places: on each panel the rest of the integrand must be smooth, the density is dealt with here. An end
 * panel carries its end’s power in the rule; inner panels are graded towards an end where the density is not a polynomial.
 */
export function cutBetaRule(a: number, nodes: number, cuts: readonly number[]): BetaRule {
  const grade = !Number.isInteger(a);
  let edges = [0, ...cuts, 1];
  if (a !== 1 && !cuts.some((c) => Math.abs(c - 0.5) < 0.25)) edges = [0, ...[...cuts, 0.5].sort((p, q) => p - q), 1];
  if (grade) edges = graded(edges);
  const lambda: number[] = [];
  const weight: number[] = [];
  for (let k = 0; k + 1 < edges.length; k++) {
    const [from, to] = [edges[k]!, edges[k + 1]!];
    const [atZero, atOne] = [from === 0, to === 1];
    const rule = gaussJacobi(nodes, atOne ? a - 1 : 0, atZero ? a - 1 : 0);
    const width = to - from;
    // ∫ over the panel of (2λ)^(a−1), the power that the rule carries (twos, so that a large a does not underflow)
    const mass = atZero || atOne ? (2 * width) ** a / (2 * a) : width;
    for (let i = 0; i < nodes; i++) {
      const l = from + (width * (1 + rule.nodes[i]!)) / 2;
      lambda.push(l);
      const rest = (atZero ? 1 : 2 * l) * (atOne ? 1 : 2 * (1 - l));
      weight.push(rule.weights[i]! * mass * (a === 1 ? 1 : rest ** (a - 1)));
    }
  }
  const total = weight.reduce((s, w) => s + w, 0);
  return { lambda: Float64Array.from(lambda), weight: Float64Array.from(weight, (w) => w / total) };
}

/** Halves inner panels until none is wider than its distance to the nearer end. */
function graded(edges: readonly number[]): number[] {
  const out = [edges[0]!];
  for (let k = 1; k < edges.length; k++) {
    const inner = k > 1 && k < edges.length - 1;
    const split = (from: number, to: number): void => {
      const distance = Math.min(from, 1 - to);
      if (inner && to - from > 2 * distance) {
        const middle =
          from < 1 - to ? Math.min(3 * from, (from + to) / 2) : Math.max(1 - 3 * (1 - to), (from + to) / 2);
        split(from, middle);
        split(middle, to);
      } else out.push(to);
    };
    split(edges[k - 1]!, edges[k]!);
  }
  return out;
}
