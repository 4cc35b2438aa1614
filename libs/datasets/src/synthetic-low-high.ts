import { z } from 'zod';
import type { BuiltSplit } from './define-dataset';
import { defineDataset } from './define-dataset';
import { trainingOrder } from './order';
import type { DataStream } from './random';
import { dataStream } from './random';
import { partGrid, partSample } from './synthetic-part';
import type { Part } from './synthetic-part';
import { takeRows } from './statistics';

const shape = z.enum(['point', 'uniform', 'gaussian', 'grid']);
const dims = z.number().int().min(1).max(1024);

const parameters = z.strictObject({
  classes: z.number().int().min(2).max(1000).default(2).describe('K; two classes are y = −1 and y = +1.'),
  examples: z
    .number()
    .int()
    .min(2)
    .max(1_000_000)
    .default(1000)
    .describe('Training examples (a grid has as many as it has points).'),
  testExamples: z.number().int().min(2).max(1_000_000).default(1000).describe('Examples of each test split.'),
  shape: shape
    .default('gaussian')
    .describe(
      'Distribution within a class, of both parts: two points at ± the deviation, uniform, Gaussian, or every point of a grid once.',
    ),
  marginLow: z.number().default(0.5).describe('m_L: class centre of part L.'),
  deviationLow: z
    .number()
    .min(0)
    .default(0)
    .describe('s_L: within-class standard deviation of part L (half-width of its grid).'),
  marginHigh: z.number().default(1.5).describe('m_H: class centre of part H.'),
  deviationHigh: z
    .number()
    .min(0)
    .default(0.3)
    .describe('s_H: within-class standard deviation of part H (half-width of its grid).'),
  dimsLow: dims.default(1),
  dimsHigh: dims.default(1),
  dimsNoise: z.number().int().min(0).max(1024).default(0),
  deviationNoise: z.number().min(0).default(1).describe('Standard deviation of the dimensions that say nothing.'),
  gridLow: z.number().int().min(1).max(10_000).default(2).describe('Points of the grid of part L: 2 gives m_L ± s_L.'),
  gridHigh: z.number().int().min(1).max(10_000).default(21).describe('Points of the grid of part H.'),
  strength: z
    .number()
    .min(0)
    .max(1)
    .nullable()
    .default(null)
    .describe(
      'ρ: probability that part L shows the true class in training (otherwise another one); null: it always does, and is no attribute.',
    ),
});
type P = z.output<typeof parameters>;

const refuse = (problem: string, wayOut: string): never => {
  throw new Error(`synthetic-low-high: ${problem}. ${wayOut}`);
};

function check(p: P): void {
  const least = p.classes === 2 ? 1 : p.classes;
  for (const name of ['dimsLow', 'dimsHigh'] as const)
    if (p[name] < least)
      refuse(`${name} is ${p[name]}, but ${p.classes} classes need at least ${least} dimensions`, `Raise ${name}`);
  const width = p.dimsLow + p.dimsHigh + p.dimsNoise;
  if (width * Math.max(p.examples, p.testExamples) > 1e8)
    refuse(
      `${Math.max(p.examples, p.testExamples)} examples of ${width} dimensions are more than 10⁸ values`,
      'Lower examples or dimensions',
    );
  if (p.shape === 'grid') {
    if (p.dimsNoise > 0)
      refuse(`a grid has no noise, but dimsNoise is ${p.dimsNoise}`, 'Set dimsNoise to 0 or take another shape');
    if (p.strength !== null)
      refuse(
        `a grid holds each point once, so part L cannot agree with probability ${p.strength}`,
        'Leave strength out or take another shape',
      );
    if (p.classes * p.gridLow ** p.dimsLow * p.gridHigh ** p.dimsHigh > 1e6)
      refuse('the grid has more than 10⁶ points', 'Lower gridLow, gridHigh or the dimensions');
  }
}

/** Every point of the grid once: class, then part L, then part H varies fastest. With s_L = 0 the points of part L fall together and are given once. */
function gridSplit(name: string, p: P, low: Part, high: Part): BuiltSplit {
  const width = p.dimsLow + p.dimsHigh;
  const rows: number[] = [];
  const labels: number[] = [];
  for (let k = 0; k < p.classes; k++) {
    for (const xl of partGrid(low, k, p.deviationLow === 0 ? 1 : p.gridLow)) {
      for (const xh of partGrid(high, k, p.deviationHigh === 0 ? 1 : p.gridHigh)) {
        for (const x of xl) rows.push(x);
        for (const x of xh) rows.push(x);
        labels.push(k);
      }
    }
  }
  return {
    name,
    inputs: Float32Array.from(rows),
    shape: [labels.length, width],
    labels: Int32Array.from(labels),
    attributes: null,
    decodability: null,
  };
}

type Shown = (label: number, random: DataStream) => number;

function sampleSplit(name: string, n: number, p: P, low: Part, high: Part, shown: Shown): BuiltSplit {
  const width = p.dimsLow + p.dimsHigh + p.dimsNoise;
  const inputs = new Float32Array(n * width);
  const [forLow, forHigh, forNoise, forShown] = ['low', 'high', 'noise', 'shown'].map((part) =>
    dataStream(`${name}/${part}`),
  ) as [DataStream, DataStream, DataStream, DataStream];
  // classes in turn: as equal in number as n allows
  const labels = Int32Array.from({ length: n }, (_, i) => i % p.classes);
  const attributes = labels.map((y) => shown(y, forShown));
  for (let i = 0; i < n; i++) {
    partSample(low, attributes[i]!, p.shape, forLow, inputs, i * width);
    partSample(high, labels[i]!, p.shape, forHigh, inputs, i * width + p.dimsLow);
    for (let d = p.dimsLow + p.dimsHigh; d < width; d++) inputs[i * width + d] = p.deviationNoise * forNoise.normal();
  }
  return {
    name,
    inputs,
    shape: [n, width],
    labels,
    attributes: p.strength === null ? null : attributes,
    decodability: null,
  };
}

function shuffled(split: BuiltSplit): BuiltSplit {
  const order = trainingOrder(split.labels.length, false).train;
  return {
    ...split,
    inputs: takeRows(split.inputs, split.shape[1]!, order),
    labels: takeRows(split.labels, 1, order),
    attributes: split.attributes && takeRows(split.attributes, 1, order),
  };
}

/**
 * Vectors x = [x_L ; x_H ; noise] in which both parts tell the class, L with little within-class deviation for its margin and H
 * with much. The exact toy of the theory is `shape: grid, marginLow .5, deviationLow s, marginHigh 1.5, deviationHigh .5`:
 * x_L = .5y ± s and x_H = y·u with u = 1.00, 1.05, …, 2.00.
 */
export const syntheticLowHigh = defineDataset({
  name: 'synthetic-low-high',
  title: 'Synthetic: a low-variance and a high-variance feature',
  description:
    'Vectors with a part L of low and a part H of high within-class variance, and dimensions of noise; both parts tell the class. With `strength`, part L is spurious: the test sets keep, randomise or reverse it.',
  citation:
    'M. Chidambaram, R. Ge. For Better or For Worse? Learning Minimum Variance Features With Label Augmentation. ICLR 2025, arXiv 2402.06855.',
  licence: 'CC0 1.0 (generated)',
  source: 'https://arxiv.org/abs/2402.06855',
  kind: 'vector',
  parameters,
  files: [],
  build: async ({ parameters: p, breathe = async () => {} }) => {
    check(p);
    const low: Part = { classes: p.classes, dims: p.dimsLow, margin: p.marginLow, deviation: p.deviationLow };
    const high: Part = { classes: p.classes, dims: p.dimsHigh, margin: p.marginHigh, deviation: p.deviationHigh };
    const classes = p.classes === 2 ? ['-1', '+1'] : Array.from({ length: p.classes }, (_, k) => String(k));
    const agree =
      (target: (y: number) => number): Shown =>
      (y, random) => {
        const rho = p.strength ?? 1;
        return random.uniform() < rho ? target(y) : (target(y) + 1 + random.below(p.classes - 1)) % p.classes;
      };
    const same = agree((y) => y);

    async function* splits() {
      if (p.shape === 'grid') {
        yield shuffled(gridSplit('train', p, low, high));
        yield gridSplit('test', p, low, high);
        return;
      }
      yield shuffled(sampleSplit('train', p.examples, p, low, high, same));
      await breathe();
      if (p.strength === null) {
        yield sampleSplit('test', p.testExamples, p, low, high, same);
        return;
      }
      yield sampleSplit('test-same', p.testExamples, p, low, high, same);
      yield sampleSplit(
        'test-reversed',
        p.testExamples,
        p,
        low,
        high,
        agree((y) => p.classes - 1 - y),
      );
      yield sampleSplit('test-random', p.testExamples, p, low, high, (_, random) => random.below(p.classes));
    }
    const range = (from: number, n: number): number[] => Array.from({ length: n }, (_, i) => from + i);
    return {
      classes,
      attribute: p.strength === null ? null : { name: 'shown by part L', values: classes },
      features: { low: range(0, p.dimsLow), high: range(p.dimsLow, p.dimsHigh) },
      inputShape: [p.dimsLow + p.dimsHigh + p.dimsNoise],
      note: null,
      splits: splits(),
    };
  },
});
