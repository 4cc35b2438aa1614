import { defineExperiment } from '@minvar/coordination';
import type { Cell, ChosenArm, Endpoint, Preset } from '@minvar/coordination';
import { recipes, specOf } from './recipes';
import type { Recipe } from './recipes';

const methods = [
  { arm: 'erm', method: { name: 'erm' } },
  { arm: 'label-smoothing', method: { name: 'label-smoothing', alpha: 0.1 } },
  { arm: 'mixup', method: { name: 'mixup', alpha: 1 } },
] as const;
const augmented = ['label-smoothing', 'mixup'] as const;

/** What methods are compared at: everything but the method. */
interface Setting {
  readonly dataset: 'cifar10' | 'cifar100';
  readonly model: 'resnet18' | 'resnet50' | 'resnet101';
  readonly recipe: Recipe;
}
const settingName = ({ dataset, model, recipe }: Setting): string => `${dataset}, ${model}, ${recipe.name}`;
const conditionOf = (s: Setting, decay: string): string => `${settingName(s)}, wd ${decay}`;

/** The weight decay at which all methods are compared; the others are what tuning may choose besides. */
const matched = 5e-4;
const decays = [0, matched, 5e-2, 5e-1];
const decayName = (decay: number): string =>
  decay === matched ? 'matched' : decay === 0 ? '0' : decay.toExponential();

/** Cells of one setting and weight decay, one a method. */
function cellsAt(
  s: Setting,
  decay: number,
  size: { readonly width?: number; readonly limit?: number; readonly epochs?: number; readonly validation?: boolean },
): Cell[] {
  const { width, limit, epochs, validation } = size;
  const condition = conditionOf(s, decayName(decay));
  return methods.map(({ arm, method }) => ({
    name: `${arm}, ${condition}`,
    condition,
    arm,
    spec: specOf(s.recipe, {
      data: { name: s.dataset, limit, validation },
      model: { name: s.model, width },
      method,
      weightDecay: decay,
      epochs,
    }),
  }));
}

const small: Setting = { dataset: 'cifar10', model: 'resnet18', recipe: recipes.standard };
const full: readonly Setting[] = Object.values(recipes).flatMap((recipe) =>
  (['cifar10', 'cifar100'] as const).flatMap((dataset) =>
    (['resnet18', 'resnet50', 'resnet101'] as const).map((model) => ({ dataset, model, recipe })),
  ),
);

const presets = {
  quick: {
    name: 'quick',
    description:
      'CIFAR-10, 5,000 images, ResNet-18 at width 8, recipe standard cut to 12 epochs, weight decay 5e-4, 2 seeds: minutes on two cores. Directions at most',
    cells: cellsAt(small, matched, { width: 8, limit: 5000, epochs: 12 }),
    firstSeed: 100,
    seeds: 2,
  },
  paper: {
    name: 'paper',
    description:
      'CIFAR-10 and CIFAR-100, ResNet-18, 50 and 101, recipes author-like and standard, 200 epochs, weight decay 0, matched (5e-4) and tuned (on 5,000 validation images, the best of 0, 5e-4, 5e-2, 5e-1 for each method), 6 seeds: 864 runs for GPUs',
    cells: full.flatMap((s) => decays.flatMap((decay) => cellsAt(s, decay, { validation: true }))),
    firstSeed: 100,
    seeds: 6,
  },
  ci: {
    name: 'ci',
    description: '256 images, width 4, 1 epoch, 2 seeds: shows that the path works, nothing about the claims',
    cells: cellsAt(small, matched, { width: 4, limit: 256, epochs: 1 }),
    firstSeed: 100,
    seeds: 2,
  },
} as const satisfies Record<string, Preset>;

/** Weight decay tuned with equal budget: of each method the cell with the lowest validation error, judged on the test images like any other. */
function tuned(preset: string): ChosenArm[] {
  if (preset !== 'paper') return [];
  return full.flatMap((s) =>
    methods.map(({ arm }) => ({
      condition: conditionOf(s, 'tuned'),
      arm,
      among: decays.map((decay) => ({ condition: conditionOf(s, decayName(decay)), arm })),
      metric: 'error',
      split: 'validation' as const,
      selection: 'last' as const,
    })),
  );
}

/** A tenth, as a difference of logarithms: less is no "clearly lower". */
const tenth = Math.log(1 / 0.9);
/** One percentage point of error: twice the standard error of a share of 10,000 test images. */
const point = 0.01;

/** Where series are read at matched training loss: the level, and the part of the test split that has a series. */
interface Live {
  readonly test: string;
  readonly level: Endpoint['selection'];
}
const liveOf = (preset: string): Live =>
  preset === 'paper'
    ? { test: 'test[:9000]', level: 'at-train-loss-0.5' }
    : { test: 'test[:2000]', level: 'at-train-loss-1.5' };

function endpointsAt(condition: string, primary: boolean, live: Live): Endpoint[] {
  const against = (
    claim: string,
    metric: string,
    variant: string | null,
    smallestEffect: number,
    own = primary,
    split = 'test',
    selection: Endpoint['selection'] = 'last',
  ): Endpoint[] =>
    augmented.map((a) => ({
      claim,
      primary: own,
      metric,
      variant,
      split,
      selection,
      condition,
      a,
      b: 'erm',
      direction: -1,
      smallestEffect,
    }));
  return [
    ...against('3-raw', 'activation-variance', 'log', tenth),
    ...against('3-raw', 'output-variance', 'log', tenth),
    ...against('3-scale-free', 'activation-variance-ratio', 'log', tenth),
    ...against('3-scale-free', 'output-variance', 'temperature-matched/log', tenth),
    ...against('3-error', 'error', null, point),
    ...against('3-raw', 'activation-variance', 'log', tenth, false, 'train'),
    ...against('3-raw', 'output-variance', 'log', tenth, false, 'train'),
    ...against('3-scale-free', 'activation-variance-ratio', 'log', tenth, false, 'train'),
    // At equal fit of the training images, wherever in training that is.
    ...['activation-variance', 'output-variance'].flatMap((metric) =>
      against('3-raw', metric, 'log', tenth, false, live.test, live.level),
    ),
    ...against('3-scale-free', 'activation-variance-ratio', 'log', tenth, false, live.test, live.level),
  ];
}

/** Preset `paper` is judged in the setting nearest to the paper’s: its recipe, ERM with the same weight decay. All else is reported beside it. */
const isPrimary = (s: Setting, decay: string): boolean => s.recipe.name === 'author-like' && decay === 'matched';

function endpoints(preset: string): Endpoint[] {
  if (preset !== 'paper') return endpointsAt(conditionOf(small, 'matched'), true, liveOf(preset));
  return full.flatMap((s) =>
    ['0', 'matched', 'tuned'].flatMap((decay) =>
      endpointsAt(conditionOf(s, decay), isPrimary(s, decay), liveOf(preset)),
    ),
  );
}

const source = 'Chidambaram & Ge, ICLR 2025, arXiv 2402.06855';

/**
 * Claim 3 on CIFAR. Presets, endpoints and smallest effects were fixed before any run with a seed from 100 on; variances are compared by their
 * logarithms, since their size differs by orders of magnitude between networks.
 */
export const activationVariance = defineExperiment({
  name: 'activation-variance',
  title: 'Do label smoothing and Mixup lower the variance of what a network computes?',
  description:
    'Residual networks on CIFAR under ERM, label smoothing and Mixup at equal data, initialisation, order and weight decay. The within-class variance of penultimate activations and of output probabilities, raw and free of scale, and test error; at the end of training, on unmixed images.',
  claims: [
    {
      id: '3-raw',
      text: 'Label smoothing (α = 0.1) and Mixup (Beta(1, 1)) give clearly lower within-class variance of penultimate activations and of output probabilities than ERM at the same weight decay.',
      source,
    },
    {
      id: '3-scale-free',
      text: 'The same of their twins that no rescaling changes: the share of activation variance that lies within classes, and the output variance at a temperature that makes all networks equally sure.',
      source: `${source}; the twins are this project’s`,
    },
    {
      id: '3-error',
      text: 'Label smoothing and Mixup give lower test error than ERM at the same weight decay.',
      source,
    },
  ],
  presets,
  chosenArms: tuned,
  endpoints,
  columns: [
    { label: 'error', metric: 'error', variant: null, split: 'test', format: 'percent' },
    { label: 'activation variance', metric: 'activation-variance', variant: null, split: 'test', format: 'number' },
    {
      label: 'gauge-fixed',
      metric: 'activation-variance',
      variant: 'gauge-fixed/class-mean/mean/n',
      split: 'test',
      format: 'number',
    },
    { label: 'share within', metric: 'activation-variance-ratio', variant: null, split: 'test', format: 'percent' },
    { label: 'output variance', metric: 'output-variance', variant: null, split: 'test', format: 'number' },
    {
      label: 'at equal sureness',
      metric: 'output-variance',
      variant: 'temperature-matched',
      split: 'test',
      format: 'number',
    },
    { label: 'ECE', metric: 'ece', variant: null, split: 'test', format: 'percent' },
    {
      label: 'share within, train',
      metric: 'activation-variance-ratio',
      variant: null,
      split: 'train',
      format: 'percent',
    },
    { label: 'Σ lr·wd', metric: 'weight-decay-dose', variant: null, split: 'train', format: 'number' },
  ],
});
