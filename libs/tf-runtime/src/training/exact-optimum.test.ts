import '../testing/quiet';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DatasetManifest } from '@minvar/contracts';
import { runSpecSchema } from '@minvar/contracts';
import { experiments } from '@minvar/experiments';
import { solveLinear, toyPoints } from '@minvar/theory';
import type { LinearLoss, LinearPoint } from '@minvar/theory';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openSession } from '../session';
import { makeDatasetVersion } from '../testing/dataset-version';
import { joinInputs, planData } from './data';
import { describeRun } from './describe';
import { stackFeeds } from './stack';
import type { StepFeeds } from './stack';
import { initialState } from './state';
import { trainSignature, withStepPlan } from './step-plan';
import { trainingProgram } from './training-program';

// Plain gradient descent by the training step of runs, on the toy of `linear-low-high` as its preset `paper` trains it, against the exact
// optimum of libs/theory, which knows nothing of graphs. Gradient descent on the difference d of both classes' weights has step h = 2 lr on
// F(d) = loss(d) + λ/2 ‖d‖². Near the optimum its error shrinks by 1 − hμ a step at least (Nesterov, Introductory Lectures on Convex
// Optimization, theorem 2.1.15), μ being the smallest eigenvalue of F″ there; and gradients that are rounded to float32 leave an error of
// their rounding divided by μ.

const dir = mkdtempSync(join(tmpdir(), 'minvar-exact-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));
const { cells } = experiments['linear-low-high'].presets.paper!;
const steps = 4000;
const together = 100;
const alphaOf = { erm: null, 'label-smoothing': 0.1, mixup: 1 } as const;

/** A point of the curvature: input and weight. */
type Seen = readonly [x: readonly number[], weight: number];

const logistic = (z: number): number => 1 / (1 + Math.exp(-z));

/** Smallest and largest eigenvalue of F″ at w: Σ weight · p(1 − p) x xᵀ + λ, two coordinates. */
function curvature(seen: readonly Seen[], w: readonly number[], lambda: number): { least: number; most: number } {
  let [a, b, c] = [lambda, 0, lambda];
  for (const [[x, y], weight] of seen as readonly (readonly [readonly [number, number], number])[]) {
    const p = logistic(w[0]! * x + w[1]! * y);
    const k = weight * p * (1 - p);
    [a, b, c] = [a + k * x * x, b + k * x * y, c + k * y * y];
  }
  const root = Math.sqrt(((a - c) / 2) ** 2 + b * b);
  return { least: (a + c) / 2 - root, most: (a + c) / 2 + root };
}

// Mixing weights of a whole population of pairs: Chebyshev's nodes of equal weight, exact to degree 9, in each quarter of [0, 1].
const chebyshev = [0, 0.1679061842148039, 0.5287617830578799, 0.6010186553802381, 0.9115893077284345];
const nodes = [0, 1, 2, 3].flatMap((quarter) =>
  [...chebyshev, ...chebyshev.slice(1).map((t) => -t)].map((t) => (quarter + (1 + t) / 2) / 4),
);

interface Problem {
  readonly points: readonly LinearPoint[];
  readonly manifest: DatasetManifest;
  readonly dataDir: string;
}

async function problem(name: string, gridHigh: number): Promise<Problem> {
  const dataDir = join(dir, name);
  const parameters = { ...cells[0]!.spec.data.parameters, gridHigh };
  const manifest = await makeDatasetVersion(dataDir, 'synthetic-low-high', parameters);
  const kept = toyPoints().filter((_, i) => (i % 21) % (20 / (gridHigh - 1)) === 0);
  return { points: kept, manifest, dataDir };
}

let toy: Problem;
let small: Problem;
beforeAll(async () => {
  toy = await problem('toy', 21);
  small = await problem('small', 5);
}, 60_000);

/** Trains the cell and answers the difference of its weight vectors at the start and at the end. */
async function descend(arm: string, { manifest, dataDir }: Problem, batch: StepFeeds & { indices: Int32Array }) {
  const { spec: given } = cells.find((c) => c.arm === arm)!;
  const spec = runSpecSchema.parse({ ...given, optimizer: { ...given.optimizer, schedule: 'constant' }, seed: 100 });
  const plan = await planData(spec, manifest, dataDir);
  const described = describeRun(spec, manifest);
  const made = trainingProgram(spec, manifest, plan, described);
  const session = openSession({
    program: withStepPlan(made.program, { form: 'function', xla: false, stepsARun: [together] }),
  });
  try {
    session.run('load', { inputs: await joinInputs(plan, dataDir), labels: plan.labels });
    session.run('restore', initialState(made, spec.seed));
    const difference = (): number[] => {
      const w = session.run('lastLayer').weights!.data as Float32Array;
      return [w[2]! - w[0]!, w[3]! - w[1]!];
    };
    const first = difference();
    const fed = { ...batch, ...described.method.fed(described.methodParameters), ...made.optimizer.feeds(0, steps) };
    const stack = stackFeeds(Array.from({ length: together }, () => fed));
    for (let done = 0; done < steps; done += together) session.run(trainSignature(together), stack);
    return { first, last: difference(), rate: spec.optimizer.lr, weightDecay: spec.optimizer.weightDecay };
  } finally {
    session.close();
  }
}

const distance = (a: readonly number[], b: readonly number[]): number => Math.hypot(a[0]! - b[0]!, a[1]! - b[1]!);

function expectAtOptimum(
  { first, last, rate }: Awaited<ReturnType<typeof descend>>,
  loss: LinearLoss,
  lambda: number,
  points: readonly LinearPoint[],
  seen: readonly Seen[],
): void {
  const { weights } = solveLinear({ points, loss, alpha: alphaOf[loss], weightDecay: lambda, low: [0], high: [1] });
  const { least, most } = curvature(seen, weights, lambda);
  const h = 2 * rate;
  expect(h * most, 'a stable step').toBeLessThan(2);
  const contracted = distance(first, weights) * (1 - Math.min(h * least, 2 - h * most)) ** steps;
  const rounded = 2 ** -22 / least;
  // Far from the optimum the curvature is another one: ten times for the way there.
  expect(distance(last, weights)).toBeLessThan(10 * contracted + rounded);
  // The tolerance tells the optimum from where the descent began, and from the optima of the other rows.
  expect(10 * contracted + rounded).toBeLessThan(0.01);
}

describe('gradient descent of the training step', () => {
  it.each([
    ['erm', 1e-2],
    ['erm', 1e-3],
    ['label-smoothing', 0],
    ['label-smoothing', 1e-3],
  ] as const)('arrives at the exact optimum of %s at λ = %d, as near as theory promises', async (loss, lambda) => {
    const n = toy.points.length;
    const told = await descend(`${loss}, λ ${lambda === 0 ? '0' : lambda.toExponential()}`, toy, {
      indices: Int32Array.from({ length: n }, (_, i) => i),
      lambda: new Float32Array(n).fill(1),
      partner: Int32Array.from({ length: n }, (_, i) => i),
    });
    expect(told.weightDecay).toBe(2 * lambda);
    expectAtOptimum(
      told,
      loss,
      lambda,
      toy.points,
      toy.points.map(({ x }) => [x, 1 / n]),
    );
  });

  it.each([0, 1e-3])(
    'arrives at the exact optimum of Mixup at λ = %d over all pairs and mixing weights',
    async (lambda) => {
      // Every pair, itself included, at every mixing weight: what a run draws at random, as a whole. Fewer points, as pairs are many.
      const { points } = small;
      const n = points.length;
      const rows = points.flatMap((_, i) => points.flatMap((_, j) => nodes.map((t) => ({ i, j, t }))));
      const told = await descend(`mixup, λ ${lambda === 0 ? '0' : lambda.toExponential()}`, small, {
        indices: Int32Array.from(rows, (r) => r.i),
        lambda: Float32Array.from(rows, (r) => r.t),
        partner: Int32Array.from(rows, (r) => r.j * n * nodes.length),
      });
      const mixed = rows.map(({ i, j, t }): Seen => {
        const [a, b] = [points[i]!.x, points[j]!.x];
        return [a.map((v, k) => t * v + (1 - t) * b[k]!), 1 / rows.length];
      });
      expectAtOptimum(told, 'mixup', lambda, points, mixed);
    },
  );
});
