import { defineExperiment } from '@minvar/coordination';
import type { Cell, Endpoint, ExactEndpoint, ExactRow, Preset } from '@minvar/coordination';
import {
  highShare,
  linearPath,
  maxMarginInfinity,
  reversedToyPoints,
  solveLinear,
  standardised,
  toyPoints,
  weightDecays,
} from '@minvar/theory';
import type { LinearLoss, LinearPoint, LinearSolution } from '@minvar/theory';

const alphaOf = { erm: null, 'label-smoothing': 0.1, mixup: 1 } as const satisfies Record<LinearLoss, number | null>;
const losses = Object.keys(alphaOf) as LinearLoss[];
const condition = 'x_L = 0.5y, x_H = y·u';

/** A method at a weight decay λ of the problem with one weight vector. */
const armOf = (loss: LinearLoss, lambda: number): string => `${loss}, λ ${lambda === 0 ? '0' : lambda.toExponential()}`;

/**
 * The rows of the table that gradient descent repeats. The trained model has a weight vector a class, and decays both: at weight decay
 * 2λ its difference of weights is the one-vector problem at λ.
 */
const trained: readonly (readonly [LinearLoss, number])[] = [
  ['erm', 1e-2],
  ['erm', 1e-3],
  ['label-smoothing', 0],
  ['label-smoothing', 1e-3],
  ['mixup', 0],
  ['mixup', 1e-3],
];

function grid(epochs: number): Cell[] {
  return trained.map(([loss, lambda]): Cell => ({
    name: armOf(loss, lambda),
    condition,
    arm: armOf(loss, lambda),
    spec: {
      // The toy itself: 42 points, each once; a batch of 42 is all of them.
      data: {
        name: 'synthetic-low-high',
        parameters: { shape: 'grid', marginLow: 0.5, deviationLow: 0, marginHigh: 1.5, deviationHigh: 0.5 },
      },
      model: { name: 'linear' },
      method:
        loss === 'mixup'
          ? { name: 'mixup', alpha: 1, lambda: 'example' }
          : loss === 'label-smoothing'
            ? { name: 'label-smoothing', alpha: 0.1 }
            : { name: 'erm' },
      // Mixup draws pairs and λ at each step: the schedule lets that noise die out.
      optimizer: { name: 'sgd', lr: 4, weightDecay: 2 * lambda, schedule: loss === 'mixup' ? 'cosine' : 'constant' },
      epochs,
      batchSize: 42,
    },
  }));
}

const presets = {
  quick: {
    name: 'quick',
    description: 'exact optima, and 400 steps of full-batch gradient descent from one initialisation: half a minute',
    cells: grid(400),
    firstSeed: 100,
    seeds: 1,
  },
  paper: {
    name: 'paper',
    description: 'exact optima on a finer path, and 4,000 steps of full-batch gradient descent from 6 initialisations',
    cells: grid(4000),
    firstSeed: 100,
    seeds: 6,
  },
  ci: {
    name: 'ci',
    description: 'exact optima, and 10 steps of gradient descent: shows that the path works',
    cells: grid(10),
    firstSeed: 100,
    seeds: 1,
  },
} as const satisfies Record<string, Preset>;

const solve = (points: readonly LinearPoint[], loss: LinearLoss, weightDecay: number): LinearSolution =>
  solveLinear({ points, loss, alpha: alphaOf[loss], weightDecay, low: [0], high: [1] });

const rowOf = (problem: string, arm: string, s: LinearSolution): ExactRow => ({
  problem,
  arm,
  quantities: {
    low: s.weights[0]!,
    high: s.weights[1]!,
    'high-weight-share': highShare(s),
    loss: s.loss,
    objective: s.objective,
    floor: s.floor,
    'output-variance': s.outputVariance,
  },
});

/** Within-class deviations of L; the published ratios w_H / w_L are those of label smoothing at λ = 0. */
const deviations = [0, 0.05, 0.1, 0.2, 0.3];

function exactRows(pathLength: number): ExactRow[] {
  const toy = toyPoints();
  const table = losses.flatMap((loss) => [0, 1e-3, 1e-2].map((l) => rowOf('toy', armOf(loss, l), solve(toy, loss, l))));
  const path = losses.flatMap((loss) =>
    linearPath({ points: toy, loss, alpha: alphaOf[loss], low: [0], high: [1] }, weightDecays(1, 1e-6, pathLength)).map(
      ({ weightDecay, solution }) => rowOf('path', armOf(loss, Number(weightDecay.toPrecision(6))), solution),
    ),
  );
  const series = deviations.flatMap((s) =>
    losses.map((loss) => {
      // ERM has no minimiser at λ = 0 once H separates: its direction is compared at the decay of the table.
      const lambda = loss === 'erm' ? 1e-3 : 0;
      return rowOf(`x_L = 0.5y ± ${s}`, armOf(loss, lambda), solve(toyPoints(s), loss, lambda));
    }),
  );
  const changed = (name: string, points: readonly LinearPoint[]): ExactRow[] =>
    losses.flatMap((loss) => [0, 1e-3].map((l) => rowOf(name, armOf(loss, l), solve(points, loss, l))));
  const adam = maxMarginInfinity(toy);
  return [
    ...table,
    ...path,
    ...series,
    ...changed('standardised inputs', standardised(toy)),
    ...changed('reversed: L separates better', reversedToyPoints()),
    {
      problem: 'toy',
      arm: 'maximum margin in ‖·‖∞ (Adam’s limit)',
      quantities: { low: adam.weights[0]!, high: adam.weights[1]!, 'high-weight-share': 0.5, margin: adam.margin },
    },
  ];
}

/** A share of ‖w‖² that is declared, not computed. */
const half = { name: 'one half', value: 0.5 };

interface Exact {
  readonly name: string;
  readonly value: number;
}

function exactEndpoints(): ExactEndpoint[] {
  const on = (points: readonly LinearPoint[], loss: LinearLoss, lambda: number): Exact => ({
    name: armOf(loss, lambda),
    value: highShare(solve(points, loss, lambda)),
  });
  const endpoint = (
    claim: string,
    where: string,
    a: Exact,
    b: Exact,
    direction: 1 | -1,
    smallestEffect: number,
    primary = true,
  ): ExactEndpoint => ({
    claim,
    primary,
    metric: 'high-weight-share',
    variant: null,
    split: 'population',
    condition: where,
    a: a.name,
    b: b.name,
    direction,
    smallestEffect,
    valueA: a.value,
    valueB: b.value,
  });
  const toy = toyPoints();
  const even = standardised(toy);
  const named = (e: Exact, what: string): Exact => ({ ...e, name: `${e.name}, ${what}` });
  return [
    ...(['label-smoothing', 'mixup'] as const).flatMap((loss) => [
      endpoint('2', condition, on(toy, loss, 0), on(toy, 'erm', 1e-3), -1, 0.5),
      // "only L": less than a thousandth of ‖w‖² on H
      endpoint('2', condition, on(toy, loss, 0), { name: 'one thousandth', value: 1e-3 }, -1, 9e-4),
    ]),
    // The claim's own threshold: ‖w_H‖² ≥ ½‖w‖².
    ...[1e-2, 1e-3, 0].map((lambda) => endpoint('2', condition, on(toy, 'erm', lambda), half, 1, 0.01)),
    ...(['label-smoothing', 'mixup'] as const).map((loss) =>
      endpoint(
        '2-conditions',
        'similar variance of L and H',
        named(on(toyPoints(0.3), loss, 0), 'x_L = 0.5y ± 0.3'),
        named(on(toy, loss, 0), 'x_L = 0.5y'),
        1,
        0.5,
      ),
    ),
    endpoint(
      '2-conditions',
      'strong weight decay',
      on(toy, 'label-smoothing', 1e-2),
      on(toy, 'label-smoothing', 0),
      1,
      0.5,
    ),
    endpoint('2-conditions', 'standardised inputs', on(even, 'erm', 1e-3), half, -1, 0.01),
    endpoint('2-conditions', 'L separates better', on(reversedToyPoints(), 'erm', 1e-3), half, -1, 0.1),
    // Standardising moves ERM, not the methods that already use L alone.
    endpoint(
      '2-conditions',
      'standardised inputs',
      on(even, 'label-smoothing', 0),
      on(even, 'erm', 1e-3),
      -1,
      0.1,
      false,
    ),
  ];
}

const pathLengths: Readonly<Record<string, number>> = { quick: 13, paper: 25, ci: 3 };
const known = new Map<string, { endpoints: ExactEndpoint[]; rows: ExactRow[] }>();

/** Computed once a process: the same numbers for the judgement, the table and the page. */
function exact(preset: string): { endpoints: ExactEndpoint[]; rows: ExactRow[] } {
  const found = known.get(preset) ?? { endpoints: exactEndpoints(), rows: exactRows(pathLengths[preset] ?? 13) };
  known.set(preset, found);
  return found;
}

/** Claim 2, exactly: a two-feature distribution, a linear model, no sampling. Gradient descent in the graph engine runs beside it. */
export const linearLowHigh = defineExperiment({
  name: 'linear-low-high',
  title: 'Which feature does a linear model learn?',
  description:
    'A low-variance feature L and a high-variance feature H that separates better. The exact optima of ERM, label smoothing and Mixup, their path in the weight decay, and what becomes of them when L varies, inputs are standardised, or L separates better; gradient descent on the same points beside them. λ is the weight decay of one weight vector.',
  claims: [
    {
      id: '2',
      text: 'Without within-class variance in L and without weight decay, label smoothing and Mixup use only L, while ERM keeps at least half of ‖w‖² on H.',
      source: 'Chidambaram & Ge, ICLR 2025, arXiv 2402.06855',
    },
    {
      id: '2-conditions',
      text: 'The mechanism needs its conditions: it goes when L varies as H does, under strong weight decay, and ERM’s half goes on standardised inputs or when L separates better.',
      source: 'exact theory',
    },
  ],
  presets,
  endpoints: () =>
    (['label-smoothing', 'mixup'] as const).map((loss): Endpoint => ({
      claim: '2',
      primary: false,
      metric: 'high-weight-share',
      variant: null,
      split: 'train',
      selection: 'last',
      condition,
      a: armOf(loss, 0),
      b: armOf('erm', 1e-3),
      direction: -1,
      smallestEffect: 0.5,
    })),
  exact,
  columns: [
    { label: '‖w_L‖', metric: 'high-weight-share', variant: 'low-norm', split: 'train', format: 'number' },
    { label: '‖w_H‖', metric: 'high-weight-share', variant: 'high-norm', split: 'train', format: 'number' },
    { label: 'share of H', metric: 'high-weight-share', variant: null, split: 'train', format: 'percent' },
    { label: 'loss', metric: 'loss', variant: null, split: 'train', format: 'number' },
    { label: 'output variance', metric: 'output-variance', variant: null, split: 'train', format: 'number' },
    { label: 'Σ lr·wd', metric: 'weight-decay-dose', variant: null, split: 'train', format: 'number' },
  ],
});
