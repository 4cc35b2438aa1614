import { defineExperiment } from '@minvar/coordination';
import type { Cell, Endpoint, Preset } from '@minvar/coordination';

const methods = [
  { arm: 'erm', method: { name: 'erm' } },
  { arm: 'label-smoothing', method: { name: 'label-smoothing', alpha: 0.1 } },
  { arm: 'mixup', method: { name: 'mixup', alpha: 1 } },
] as const;
const augmented = ['label-smoothing', 'mixup'] as const;

const conditionOf = (jitter: number): string => `jitter ${jitter}`;

function grid(jitters: readonly number[], limit: number | null, epochs: number): Cell[] {
  return jitters.flatMap((jitter) =>
    methods.map(({ arm, method }) => ({
      name: `${arm}, ${conditionOf(jitter)}`,
      condition: conditionOf(jitter),
      arm,
      spec: {
        data: { name: 'coloured-mnist', limit, strength: 0.9, jitter },
        model: { name: 'small-cnn', width: 16, normalisation: 'batch' },
        method,
        optimizer: { name: 'adamw', lr: 1e-3, weightDecay: 5e-4, schedule: 'constant' },
        epochs,
        batchSize: 128,
      },
    })),
  );
}

const jittersOf = {
  quick: [0, 0.05],
  paper: [0, 0.01, 0.02, 0.05],
  ci: [0],
} as const satisfies Record<string, readonly number[]>;

const presets: Record<keyof typeof jittersOf, Preset> = {
  quick: {
    name: 'quick',
    description: '5,000 digits, 10 epochs, no jitter and σ = .05, 6 seeds: minutes on two cores',
    cells: grid(jittersOf.quick, 5000, 10),
    firstSeed: 100,
    seeds: 6,
  },
  paper: {
    name: 'paper',
    description: 'all 60,000 digits, 30 epochs, four settings of the jitter, 10 seeds',
    cells: grid(jittersOf.paper, null, 30),
    firstSeed: 100,
    seeds: 10,
  },
  ci: {
    name: 'ci',
    description: '512 digits, 2 epochs, 2 seeds: shows that the path works, nothing about the claim',
    cells: grid(jittersOf.ci, 512, 2),
    firstSeed: 100,
    seeds: 2,
  },
};

/** One percentage point: twice the standard error of a share of 10,000 test digits. */
const smallestEffect = 0.01;

function endpointsAt(jitter: number): Endpoint[] {
  const condition = conditionOf(jitter);
  const against = (metric: string, split: string, direction: 1 | -1, primary: boolean): Endpoint[] =>
    augmented.map((a) => ({
      claim: '4',
      primary,
      metric,
      variant: null,
      split,
      selection: 'last',
      condition,
      a,
      b: 'erm',
      direction,
      smallestEffect,
    }));
  // The claim is about a feature of low variance: judged where the colour has none. Jitter is the dial, reported beside it.
  const primary = jitter === 0;
  return [
    ...against('follows-colour', 'test-random', 1, primary),
    ...against('error', 'test-random', 1, primary),
    ...against('error', 'test-none', 1, false),
    ...against('worst-group-accuracy', 'test-balanced', -1, false),
    ...against('minority-train-accuracy', 'train', -1, false),
  ];
}

/** Claim 4 on coloured digits. Presets, endpoints and smallest effects were fixed before any run with a seed from 100 on. */
export const spuriousColour = defineExperiment({
  name: 'spurious-colour',
  title: 'Which method follows a spurious colour?',
  description:
    'Digits over a background that has the class’s colour nine times in ten: a spurious feature of very low variance. Tested where the colour is random, balanced, reversed or missing. Jitter σ on the colour raises its variance and leaves it readable.',
  claims: [
    {
      id: '4',
      text: 'When the low-variance feature is spurious, label smoothing and Mixup rely on it more than ERM.',
      source: 'Chidambaram & Ge, ICLR 2025, arXiv 2402.06855',
    },
  ],
  presets,
  endpoints: (preset) => (jittersOf[preset as keyof typeof jittersOf] ?? []).flatMap(endpointsAt),
  columns: [
    { label: 'error, same colours', metric: 'error', variant: null, split: 'test-same', format: 'percent' },
    { label: 'error, random colours', metric: 'error', variant: null, split: 'test-random', format: 'percent' },
    { label: 'error, reversed colours', metric: 'error', variant: null, split: 'test-reversed', format: 'percent' },
    { label: 'error, no colour', metric: 'error', variant: null, split: 'test-none', format: 'percent' },
    { label: 'follows colour', metric: 'follows-colour', variant: null, split: 'test-random', format: 'percent' },
    { label: 'worst group', metric: 'worst-group-accuracy', variant: null, split: 'test-balanced', format: 'percent' },
    {
      label: 'minority train accuracy',
      metric: 'minority-train-accuracy',
      variant: null,
      split: 'train',
      format: 'percent',
    },
    { label: 'decodability', metric: 'decodability', variant: null, split: 'test-random', format: 'percent' },
    { label: 'Σ lr·wd', metric: 'weight-decay-dose', variant: null, split: 'train', format: 'number' },
  ],
});
