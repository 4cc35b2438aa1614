import '../testing/quiet';
import {
  add,
  batchNorm,
  cast,
  constant,
  conv2d,
  gradients,
  input,
  maxPool,
  oneHot,
  program,
  reduceMean,
  reduceSum,
  relu,
  restoreSignature,
  saveSignature,
  slice,
  softmaxCrossEntropy,
  variable,
  type Program,
} from '@minvar/graph';
import { completeModelParameters, modelVariables, models } from '@minvar/models';
import type { Compute, ModelDefinition } from '@minvar/models';
import { stream } from '@minvar/random';
import { describe, expect, it } from 'vitest';
import { openSession } from '../session';
import { fromTorch } from '../training/layout';

const [examples, side, classes] = [16, 32, 4];
/**
 * The last gains of residual branches, which this test sets to 0.1. At torchvision's own start the branches of a narrow ResNet-18 double the signal
 * eight times, and so the roundings: PyTorch's autocast keeps a cosine of 0.96 there, and so do we (test/parity).
 */
const calmed = /layer.*\.bn2\.weight/;
const sizeOf = (shape: readonly (number | null)[]): number => shape.reduce<number>((a, b) => a * b!, 1);

/** Loss and derivatives of one model, its training step computed in the given type, beside its forward pass for measurement. */
function made(model: ModelDefinition, settings: Record<string, unknown>, compute: Compute) {
  const x = input('x', 'float32', [null, side, side, 3]);
  const labels = input('labels', 'int32', [null]);
  const variables = modelVariables();
  const parameters = completeModelParameters(model, settings);
  const training = variables.open({ training: true, compute });
  const out = model.build({ scope: training.scope, inputs: x, classes, parameters });
  const loss = reduceMean(softmaxCrossEntropy(out.logits, oneHot(labels, classes)));
  const slopes = gradients(
    loss,
    variables.parameters.map((p) => p.variable),
  );
  const seen = model.build({ scope: variables.open({ training: false }).scope, inputs: x, classes, parameters });
  const state = [...variables.parameters, ...variables.buffers].map((v) => v.variable);
  const graph = program({
    signatures: {
      restore: restoreSignature(state),
      save: saveSignature(state),
      train: {
        inputs: { x, labels },
        outputs: { loss, ...Object.fromEntries(variables.parameters.map((p, i) => [p.name, slopes[i]!])) },
        updates: training.updates,
      },
      eval: {
        inputs: { x },
        outputs: {
          logits: seen.logits,
          penultimate: seen.penultimate,
          ...Object.fromEntries(seen.stages.map((s) => [s.name, s.value])),
        },
      },
    },
  });
  return { graph, variables, out, slopes, seen };
}

/** Types that nodes compute in on the way to a signature's outputs. */
function typesOf({ nodes, signatures }: Program, name: string): Set<string> {
  const byName = new Map(nodes.map((n) => [n.name, n]));
  const waiting = Object.values(signatures[name]!.outputs).map((port) => port.tensor);
  const seen = new Set<string>();
  const types = new Set<string>();
  while (waiting.length > 0) {
    const node = waiting.pop()!.replace(/^\^/, '').replace(/:\d+$/, '');
    if (seen.has(node)) continue;
    seen.add(node);
    for (const attribute of Object.values(byName.get(node)!.attributes)) {
      if (attribute.kind === 'type') types.add(attribute.value);
    }
    waiting.push(...byName.get(node)!.inputs);
  }
  return types;
}

function run({ graph, variables }: ReturnType<typeof made>) {
  const session = openSession({ program: graph });
  const init = stream({ seed: 1, purpose: 'init' });
  session.run('restore', {
    ...Object.fromEntries(
      variables.parameters.map((p) => {
        const values = p.initialise(sizeOf(p.variable.shape), init.fork(p.name));
        return [p.name, fromTorch(calmed.test(p.name) ? values.fill(0.1) : values, p.variable.shape)];
      }),
    ),
    ...Object.fromEntries(
      variables.buffers.map((b) => [b.name, new Float32Array(sizeOf(b.variable.shape)).fill(b.initial)]),
    ),
  });
  const data = stream({ seed: 2, purpose: 'data' });
  const x = Float32Array.from({ length: examples * side * side * 3 }, (_, i) => {
    const [h, w, c, n] = [
      Math.floor(i / 3 / side) % side,
      Math.floor(i / 3) % side,
      i % 3,
      Math.floor(i / 3 / side / side),
    ];
    return Math.sin(((n % classes) + 1) * (h * 0.3 + w * 0.17 * c)) + 0.3 * data.normal();
  });
  const labels = Int32Array.from({ length: examples }, (_, i) => i % classes);
  const { loss, ...slopes } = session.run('train', { x, labels });
  const saved = session.run('save');
  session.close();
  const list = (f: { data: ArrayLike<number> }) => Array.from(f.data);
  return {
    loss: loss!.data[0] as number,
    slopes: new Map(Object.entries(slopes).map(([name, f]) => [name, list(f as never)])),
    saved: Object.fromEntries(Object.entries(saved).map(([key, f]) => [key, { data: list(f as never) }])),
  };
}

const dot = (a: readonly number[], b: readonly number[]): number => a.reduce((s, x, i) => s + x * b[i]!, 0);
const cosine = (a: readonly number[], b: readonly number[]): number => dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));

const cases: [keyof typeof models, Record<string, unknown>][] = [
  ['resnet18', { width: 8 }],
  ['resnet18', { width: 8, stem: 'imagenet' }],
  ['resnet18', { width: 8, normalisation: 'group' }],
  ['resnet18', { width: 8, normalisation: 'none' }],
  ['small-cnn', { width: 8 }],
  ['mlp', { width: 32 }],
];

describe.each(cases)('a training step in bfloat16 of %s %j', (name, settings) => {
  const model = models[name] as unknown as ModelDefinition;

  it('has loss, gradients and running statistics near float32’s', () => {
    const wide = run(made(model, settings, 'float32'));
    const narrow = run(made(model, settings, 'bfloat16'));
    const [a, b] = [wide, narrow].map(({ slopes }) => [...slopes.values()].flat()) as [number[], number[]];
    // A rounding to 8 bits errs by 2^-8/√6 = 1.6e-3 in the mean square. A derivative passes some 40 products forward and back with four roundings
    // each: √160 · 1.6e-3 = .02. What lies between that and the .14 of a cosine of .99 is room for ReLUs whose sign a rounding turns.
    expect(cosine(a, b)).toBeGreaterThan(0.99);
    expect(a).not.toEqual(b);
    expect(Math.abs(narrow.loss / wide.loss - 1)).toBeLessThan(5e-3);
    for (const [key, { data }] of Object.entries(wide.saved).filter(([key]) => key.includes('running'))) {
      const scale = Math.max(...data.map(Math.abs));
      const other = narrow.saved[key]!.data;
      expect(Math.max(...data.map((v, i) => Math.abs(v - other[i]!))) / scale, key).toBeLessThan(0.02);
    }
  });

  it('keeps weights, their gradients, the penultimate layer and logits in float32', () => {
    const { variables, slopes, out } = made(model, settings, 'bfloat16');
    const kept = [...variables.parameters, ...variables.buffers].map((v) => v.variable);
    expect(new Set([...kept, ...slopes, out.penultimate, out.logits].map((v) => v.dtype))).toEqual(
      new Set(['float32']),
    );
  });

  it('computes nothing in bfloat16 on the way to what is measured', () => {
    const { graph } = made(model, settings, 'bfloat16');
    expect(typesOf(graph, 'train')).toContain('bfloat16');
    expect(typesOf(graph, 'eval')).not.toContain('bfloat16');
  });
});

describe('kernels in bfloat16', () => {
  // Whole numbers below 256 have 8 bits: every product and sum here is exact.
  const whole = (count: number, skip: number) =>
    Array.from({ length: count }, (_, i) => Math.floor(7 * (((i + skip + 1) * 0.6180339887498949) % 1)) - 3);
  const feeds = { x: whole(2 * 6 * 6 * 2, 0), w: whole(3 * 3 * 2 * 2, 5) };

  function runIn(dtype: 'float32' | 'bfloat16') {
    const [x, w] = [input('x', 'float32', [2, 6, 6, 2]), input('w', 'float32', [3, 3, 2, 2])];
    const y = conv2d(cast(x, dtype), cast(w, dtype), { strides: 2, padding: 1 });
    const sum = relu(add(y, cast(slice(x, [0, 0, 0, 0], [2, 3, 3, 2]), dtype)));
    const pooled = maxPool(sum, { size: 3, strides: 2, padding: 1 });
    const [dx, dw] = gradients(reduceSum(cast(pooled, 'float32')), [x, w]);
    const session = openSession({
      program: program({
        signatures: { run: { inputs: { x, w }, outputs: { y, sum, pooled, dx: dx!, dw: dw! } } },
      }),
    });
    const result = session.run('run', feeds);
    session.close();
    return Object.fromEntries(Object.entries(result).map(([key, f]) => [key, Array.from(f.data as Float32Array)]));
  }

  it('convolve, add, rectify and pool whole numbers exactly, forward and back', () => {
    const wide = runIn('float32');
    expect(runIn('bfloat16')).toEqual(wide);
    expect(wide['dw']!.some((g) => g !== 0)).toBe(true);
    expect(Math.max(...Object.values(wide).flat().map(Math.abs))).toBeLessThan(256);
  });

  it('take batch statistics in float32', () => {
    const [mean, variance] = ['mean', 'variance'].map((name) => variable({ name, shape: [1] }));
    const x = input('x', 'float32', [null, 8, 8, 1]);
    const { y, updates } = batchNorm(cast(x, 'bfloat16'), {
      scale: constant([1]),
      offset: constant([0]),
      runningMean: mean!,
      runningVariance: variance!,
      training: true,
      momentum: 1,
    });
    expect(y.dtype).toBe('bfloat16');
    const session = openSession({
      program: program({
        signatures: {
          restore: restoreSignature([mean!, variance!]),
          run: { inputs: { x }, outputs: { y }, updates },
          save: saveSignature([mean!, variance!]),
        },
      }),
    });
    session.run('restore', { mean: [0], variance: [1] });
    // Numbers of 8 bits whose mean and variance need many more.
    const values = Array.from({ length: 32 * 64 }, (_, i) => 1 + ((i * 37) % 128) / 128 + (i % 3 === 0 ? 2 : 0));
    const rounded = values.map((v) => (v < 2 ? v : Math.round(v * 64) / 64));
    session.run('run', { x: rounded });
    const saved = session.run('save');
    session.close();
    const average = rounded.reduce((a, b) => a + b, 0) / rounded.length;
    const unbiased = rounded.reduce((a, b) => a + (b - average) ** 2, 0) / (rounded.length - 1);
    expect(saved['mean']!.data[0]).toBeCloseTo(average, 5);
    expect(saved['variance']!.data[0]).toBeCloseTo(unbiased, 5);
  });
});
