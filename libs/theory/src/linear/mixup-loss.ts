import { sigmoid, sigmoidSlope, softplus } from '../numerics/logistic';
import type { Evaluation } from '../numerics/newton';
import type { BetaRule } from './beta-panels';
import { betaMoments, betaRule, cutBetaRule } from './beta-panels';
import type { Design } from './design';
import { scoresOf } from './design';

/** Points with one score and one class: all that the loss can tell apart. */
interface Group {
  readonly z: number;
  /** share of class +1: 1 or 0 */
  readonly target: number;
  readonly weight: number;
  readonly members: readonly number[];
}

function groupsOf(design: Design, z: Float64Array): Group[] {
  const found = new Map<string, { z: number; target: number; weight: number; members: number[] }>();
  z.forEach((score, i) => {
    const key = `${design.y[i]} ${score}`;
    const group = found.get(key) ?? { z: score, target: design.y[i]! > 0 ? 1 : 0, weight: 0, members: [] };
    group.weight += design.weights[i]!;
    group.members.push(i);
    found.set(key, group);
  });
  return [...found.values()];
}

/** softplus has poles at ± iπ: the panels widen with the distance from them, and beyond 40 it is linear to rounding. */
const scoreCuts = [-40, -12, -4, 0, 4, 12, 40];
const widestUncut = 12;

function ruleFor(a: number, nodes: number, from: number, to: number, whole: BetaRule): BetaRule {
  const difference = from - to;
  if (Math.abs(difference) <= widestUncut) return whole;
  const cuts = scoreCuts
    .map((c) => (c - to) / difference)
    .filter((l) => l > 1e-12 && l < 1 - 1e-12)
    .sort((p, q) => p - q);
  return cuts.length === 0 ? whole : cutBetaRule(a, nodes, cuts);
}

/**
 * Mixup's loss over all pairs of points, i = j included: E over i, j and λ ~ Beta(a, a) of the cross-entropy between
 * λe_yi + (1 − λ)e_yj and the prediction at λx_i + (1 − λ)x_j, with its first and second derivatives in θ. It depends on a pair only
 * through the two scores (z is linear in x), so equal scores are grouped; `nodes` Gauss–Jacobi nodes in λ a panel.
 */
export function mixupLoss(design: Design, a: number, nodes: number): (theta: Float64Array) => Evaluation {
  const n = design.size;
  const whole = betaRule(a, nodes);
  const moments = betaMoments(a);
  return (theta) => {
    const groups = groupsOf(design, scoresOf(design, theta));
    const count = groups.length;
    let value = 0;
    // derivatives in the groups' scores, and of second order within a group and between two groups
    const slope = new Float64Array(count);
    const within = new Float64Array(count);
    const between = new Float64Array(count * count);
    for (let g = 0; g < count; g++) {
      const { z: zg, target: tg, weight: pg } = groups[g]!;
      // A group with itself: λz + (1 − λ)z = z.
      value += pg * pg * (tg > 0 ? softplus(-zg) : softplus(zg));
      slope[g]! += pg * pg * (tg > 0 ? -sigmoid(-zg) : sigmoid(zg));
      const h = sigmoidSlope(zg);
      within[g]! += 2 * pg * h * moments.squared;
      between[g * count + g] = 2 * h * moments.mixed;
      for (let k = 0; k < g; k++) {
        const { z: zk, target: tk, weight: pk } = groups[k]!;
        const rule = ruleFor(a, nodes, zg, zk, whole);
        let [v, dg, dk, gg, gk, kk] = [0, 0, 0, 0, 0, 0];
        for (let i = 0; i < rule.lambda.length; i++) {
          const l = rule.lambda[i]!;
          const w = rule.weight[i]!;
          const z = l * zg + (1 - l) * zk;
          const t = tg === tk ? tg : tg > 0 ? l : 1 - l;
          const e = Math.exp(-Math.abs(z));
          const tail = Math.log1p(e);
          v += w * (z > 0 ? tail + (1 - t) * z : tail - t * z);
          const small = e / (1 + e);
          const residual = z > 0 ? 1 - t - small : small - t;
          dg += w * l * residual;
          dk += w * (1 - l) * residual;
          const c = (w * small) / (1 + e);
          gg += c * l * l;
          gk += c * l * (1 - l);
          kk += c * (1 - l) * (1 - l);
        }
        // Pairs come in both orders; Beta(a, a) is symmetric.
        value += 2 * pg * pk * v;
        slope[g]! += 2 * pg * pk * dg;
        slope[k]! += 2 * pg * pk * dk;
        within[g]! += 2 * pk * gg;
        within[k]! += 2 * pg * kk;
        between[g * count + k] = between[k * count + g] = 2 * gk;
      }
    }
    return { value, ...throughRows(design, groups, slope, within, between, n) };
  };
}

/** Chain rule from scores to θ: Σ over groups of weighted rows, and of weighted outer products of rows. */
function throughRows(
  design: Design,
  groups: readonly Group[],
  slope: Float64Array,
  within: Float64Array,
  between: Float64Array,
  n: number,
): Pick<Evaluation, 'gradient' | 'hessian'> {
  const count = groups.length;
  const gradient = new Float64Array(n);
  const hessian = new Float64Array(n * n);
  const sums = groups.map(({ members }) => {
    const sum = new Float64Array(n);
    for (const i of members) design.rows[i]!.forEach((v, j) => (sum[j]! += design.weights[i]! * v));
    return sum;
  });
  for (let g = 0; g < count; g++) {
    const { members, weight } = groups[g]!;
    sums[g]!.forEach((v, j) => (gradient[j]! += (slope[g]! / weight) * v));
    for (const i of members) {
      const row = design.rows[i]!;
      const c = within[g]! * design.weights[i]!;
      for (let j = 0; j < n; j++) for (let k = 0; k < n; k++) hessian[j * n + k]! += c * row[j]! * row[k]!;
    }
    const mixed = new Float64Array(n);
    for (let k = 0; k < count; k++) {
      const c = between[g * count + k]!;
      const other = sums[k]!;
      for (let j = 0; j < n; j++) mixed[j]! += c * other[j]!;
    }
    for (let j = 0; j < n; j++) for (let k = 0; k < n; k++) hessian[j * n + k]! += sums[g]![j]! * mixed[k]!;
  }
  return { gradient, hessian };
}
