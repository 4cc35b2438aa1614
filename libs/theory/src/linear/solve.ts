import { labelSmoothingFloor, mixupFloor } from '../floors';
import { sigmoid } from '../numerics/logistic';
import type { Evaluation, Minimum } from '../numerics/newton';
import { minimiseConvex } from '../numerics/newton';
import { dot, norm } from '../numerics/vectors';
import type { Design } from './design';
import { designOf } from './design';
import { marginLoss, withWeightDecay } from './margin-loss';
import { mixupLoss } from './mixup-loss';
import type { CompleteProblem, LinearProblem } from './problem';
import { completeLinearProblem } from './problem';
import type { Separation } from './separation';
import { separate } from './separation';

/** The exact optimum of a linear model on a finite distribution. */
export interface LinearSolution {
  /** the minimiser; the unit maximum-margin direction where there is none */
  readonly weights: readonly number[];
  readonly bias: number | null;
  /** ‖w‖ over the coordinates named low and high; null where none were named */
  readonly lowNorm: number | null;
  readonly highNorm: number | null;
  /** mean loss in nats without, and with, (λ/2)‖w‖²; its limit where there is no minimiser */
  readonly loss: number;
  readonly objective: number;
  /** mean entropy of the targets: no model has a lower loss */
  readonly floor: number;
  /** mean over the classes of tr Cov(p ∣ y) on the points, unmixed: 2 Var(p | y) for two classes */
  readonly outputVariance: number;
  readonly converged: boolean;
}

/** A change of loss and gradient below this, from one number of nodes to twice as many, is none. */
const quadratureTolerance = 1e-12;
const [fewestNodes, mostNodes] = [16, 256];

function minimise(problem: CompleteProblem, design: Design, start: Float64Array): Minimum {
  const objective = (loss: (theta: Float64Array) => Evaluation): ((theta: Float64Array) => Evaluation) =>
    withWeightDecay(loss, problem.weightDecay, design.penalised);
  if (isErm(problem) || problem.loss === 'label-smoothing')
    return minimiseConvex(objective(marginLoss(design, problem.alpha)), start);
  let nodes = fewestNodes;
  let found = minimiseConvex(objective(mixupLoss(design, problem.alpha, nodes)), start);
  while (nodes < mostNodes) {
    nodes *= 2;
    const finer = objective(mixupLoss(design, problem.alpha, nodes));
    const there = finer(found.at);
    const change = Math.max(
      Math.abs(there.value - found.evaluation.value),
      ...there.gradient.map((v, j) => Math.abs(v - found.evaluation.gradient[j]!)),
    );
    if (change < quadratureTolerance) return found;
    found = minimiseConvex(finer, found.at);
  }
  return { ...found, converged: false };
}

/** λ ≡ 1 or α = 0: nothing is smoothed, so scores may grow without bound. */
const isErm = (p: CompleteProblem): boolean => p.loss === 'erm' || p.alpha === 0;

/** Whether the loss falls for ever in some direction: nothing holds separable points of a loss without smoothing. */
function mayEscape(problem: CompleteProblem): boolean {
  const oneClass = new Set(problem.points.map((p) => p.y)).size === 1;
  const unbounded = isErm(problem) || (problem.loss === 'mixup' && oneClass);
  // Weight decay holds the weights, but not the bias of a single class.
  return unbounded && (problem.weightDecay === 0 || (problem.bias && oneClass));
}

function floorOf({ loss, alpha, points }: CompleteProblem): number {
  if (loss === 'label-smoothing') return labelSmoothingFloor(alpha, 2);
  if (loss === 'erm') return 0;
  const plus = points.reduce((s, p) => s + (p.y > 0 ? p.weight : 0), 0);
  return mixupFloor(alpha, [plus, 1 - plus]);
}

function outputVariance(points: CompleteProblem['points'], z: readonly number[]): number {
  const variances = [1, -1].flatMap((y) => {
    const inClass = points.flatMap((p, i) => (p.y === y ? [{ p: sigmoid(z[i]!), weight: p.weight }] : []));
    if (inClass.length === 0) return [];
    const total = inClass.reduce((s, c) => s + c.weight, 0);
    // measured from the first, so that equal outputs have no variance at all
    const first = inClass[0]!.p;
    const mean = first + inClass.reduce((s, c) => s + (c.weight / total) * (c.p - first), 0);
    return [2 * inClass.reduce((s, c) => s + (c.weight / total) * (c.p - mean) ** 2, 0)];
  });
  return variances.reduce((s, v) => s + v, 0) / variances.length;
}

const normOver = (weights: readonly number[], indices: readonly number[] | null): number | null =>
  indices && norm(indices.map((i) => weights[i]!));

/** Where no minimiser exists: the direction of the limit, and the loss that is left on the points it cannot separate. */
function limit(problem: CompleteProblem, separation: Separation): LinearSolution {
  const { weights, bias, rest } = separation;
  const z = problem.points.map((p) => p.y * Infinity);
  let loss = 0;
  if (rest.length > 0) {
    const points = rest.map((i) => problem.points[i]!);
    const design = designOf(points, problem.bias);
    const found = minimise({ ...problem, points }, design, new Float64Array(design.size));
    loss = found.evaluation.value;
    const w = design.solution(found.at);
    rest.forEach((i) => (z[i] = dot(w.weights, problem.points[i]!.x) + (w.bias ?? 0)));
  }
  return {
    weights,
    bias,
    lowNorm: normOver(weights, problem.low),
    highNorm: normOver(weights, problem.high),
    loss,
    objective: loss,
    floor: floorOf(problem),
    outputVariance: outputVariance(problem.points, z),
    converged: false,
  };
}

/**
 * Minimises E loss(y (w·x + b)) + (λ/2)‖w‖² over one weight vector (a two-vector softmax at λ is this at λ/2), exactly: damped Newton in
 * float64, Mixup's expectation over all pairs by Gauss–Jacobi. Directions in which no point varies get weight 0 (the shortest minimiser).
 * Where the loss only falls towards infinity (separable ERM at λ = 0) the answer is `converged: false`, the unit maximum-margin direction and
 * the limit of the loss. Throws `LinearProblemError` for a problem that cannot be posed. Cost of Mixup: pairs of points × nodes an iteration.
 *
 * @example solveLinear({ points: [{ x: [0.5, 1], y: 1 }, { x: [-0.5, -2], y: -1 }], loss: 'label-smoothing', alpha: 0.1 })
 */
export function solveLinear(input: LinearProblem): LinearSolution {
  const problem = completeLinearProblem(input);
  if (mayEscape(problem)) {
    const separation = separate(problem.points, problem.bias);
    if (separation.separated.length > 0) return limit(problem, separation);
  }
  const design = designOf(problem.points, problem.bias);
  const found = minimise(problem, design, new Float64Array(design.size));
  const { weights, bias } = design.solution(found.at);
  const square = dot(weights, weights);
  const objective = found.evaluation.value;
  return {
    weights,
    bias,
    lowNorm: normOver(weights, problem.low),
    highNorm: normOver(weights, problem.high),
    loss: objective - (problem.weightDecay / 2) * square,
    objective,
    floor: floorOf(problem),
    outputVariance: outputVariance(
      problem.points,
      problem.points.map((p) => dot(weights, p.x) + (bias ?? 0)),
    ),
    converged: found.converged,
  };
}
