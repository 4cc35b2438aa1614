import '../testing/quiet';
import {
  adamw,
  adamwFeeds,
  compileSignature,
  gradients,
  input,
  program,
  reduceMean,
  restoreSignature,
  saveSignature,
  softmaxCrossEntropy,
} from '@minvar/graph';
import type { Program } from '@minvar/graph';
import { completeModelParameters, modelVariables, models } from '@minvar/models';
import { stream } from '@minvar/random';
import { describe, expect, it } from 'vitest';
import { openSession } from './open-session';

// A training step of a convolutional network with batch normalisation: forward, backward, AdamW, running statistics.
const [batch, side, classes] = [6, 8, 3];

function trainingStep(): { made: Program; initial: Record<string, Float32Array> } {
  const model = models['small-cnn'];
  const variables = modelVariables();
  const x = input('x', 'float32', [null, side, side, 3]);
  const targets = input('targets', 'float32', [null, classes]);
  const parameters = completeModelParameters(model as never, { width: 4 }) as never;
  const training = variables.open({ training: true });
  const { logits } = model.build({ scope: training.scope, inputs: x, classes, parameters });
  const loss = reduceMean(softmaxCrossEntropy(logits, targets), [0]);
  const slopes = gradients(
    loss,
    variables.parameters.map((p) => p.variable),
  );
  const optimizer = adamw(
    variables.parameters.map((p, i) => ({ variable: p.variable, gradient: slopes[i]!, weightDecay: 0.01 })),
  );
  const evaluation = model.build({ scope: variables.open({ training: false }).scope, inputs: x, classes, parameters });
  const state = [...variables.parameters, ...variables.buffers].map((v) => v.variable).concat(optimizer.state);
  const size = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);
  const random = stream({ seed: 1, purpose: 'init' });
  const initial: Record<string, Float32Array> = Object.fromEntries(
    state.map((v) => [v.name, new Float32Array(size(v.shape))]),
  );
  for (const p of variables.parameters) initial[p.name] = p.initialise(size(p.variable.shape), random.fork(p.name));
  for (const b of variables.buffers) initial[b.name]!.fill(b.initial);
  const made = program({
    signatures: {
      restore: restoreSignature(state),
      save: saveSignature(state),
      train: {
        inputs: { x, targets, ...optimizer.inputs },
        outputs: { loss },
        updates: [...optimizer.updates, ...training.updates],
      },
      eval: { inputs: { x }, outputs: { logits: evaluation.logits } },
    },
  });
  return { made, initial };
}

const { made, initial } = trainingStep();
const steps = 6;
const wave = (n: number, at: number): Float32Array => Float32Array.from({ length: n }, (_, i) => Math.sin(3 * i + at));
const inputs = Array.from({ length: steps }, (_, k) => ({
  x: wave(batch * side * side * 3, 7 * k),
  targets: Float32Array.from({ length: batch * classes }, (_, i) =>
    i % classes === (Math.floor(i / classes) + k) % classes ? 1 : 0,
  ),
  numbers: adamwFeeds({ step: k + 1, learningRate: 1e-2 }),
}));

/** Losses of all steps, and the state afterwards, with `together` steps a run. */
function train(
  p: Program,
  together: number,
  signature = 'train',
): { losses: number[]; state: number[]; logits: number[] } {
  const session = openSession({ program: p });
  try {
    session.run('restore', initial);
    const numbers = Object.keys(p.signatures[signature]!.inputs).filter((key) => key !== 'x' && key !== 'targets');
    const losses: number[] = [];
    for (let from = 0; from < steps; from += together) {
      const taken = inputs.slice(from, from + together);
      const flat = (key: 'x' | 'targets'): Float32Array => Float32Array.from(taken.flatMap((i) => Array.from(i[key])));
      const stackedNumbers = numbers.map((key) => {
        const values = Float32Array.from(taken.map((i) => (i.numbers as Record<string, number>)[key]!));
        return [key, together === 1 ? values[0]! : values] as const;
      });
      const feeds = { x: flat('x'), targets: flat('targets'), ...Object.fromEntries(stackedNumbers) };
      losses.push(...Array.from(session.run(signature, feeds).loss!.data as Float32Array));
    }
    const saved = session.run('save');
    const state = Object.keys(saved).flatMap((key) => Array.from(saved[key]!.data as Float32Array));
    return { losses, state, logits: Array.from(session.run('eval', { x: inputs[0]!.x }).logits!.data as Float32Array) };
  } finally {
    session.close();
  }
}

const plain = train(made, 1);

function expectNear(got: readonly number[], wanted: readonly number[], tolerance: number): void {
  const size = Math.max(...wanted.map(Math.abs));
  const furthest = Math.max(...got.map((v, i) => Math.abs(v - wanted[i]!)));
  expect(got).toHaveLength(wanted.length);
  expect(furthest / size).toBeLessThan(tolerance);
}

describe('a signature as a function', () => {
  it('trains to the same bits as the signature itself', () => {
    expect(train(compileSignature(made, 'train', { xla: false, steps: null }), 1)).toEqual(plain);
  });

  it('called several times in one run, trains as one call after the other', () => {
    expect(train(compileSignature(made, 'train', { xla: false, steps: 3 }), 3)).toEqual(plain);
    expect(plain.losses.at(-1)).toBeLessThan(plain.losses[0]!);
  });

  it('compiled by XLA, computes the same up to rounding', () => {
    const compiled = train(compileSignature(made, 'train', { xla: true, steps: 2 }), 2);
    expectNear(compiled.losses, plain.losses, 1e-3);
    expectNear(compiled.logits, plain.logits, 1e-2);
    // other kernels, other rounding: equal bits would mean that nothing was compiled
    expect(compiled.state).not.toEqual(plain.state);
  });

  it('is fed inputs that nothing is computed from, as the signature is', () => {
    const [x, unused] = [input('x', 'float32', [null]), input('unused', 'float32', [null])];
    const plain = program({ signatures: { sum: { inputs: { x, unused }, outputs: { mean: reduceMean(x, [0]) } } } });
    for (const steps of [null, 2]) {
      const session = openSession({ program: compileSignature(plain, 'sum', { xla: false, steps }) });
      try {
        const { mean } = session.run('sum', { x: [1, 2, 3, 4], unused: [0, 0] });
        expect(Array.from(mean!.data as Float32Array)).toEqual(steps === null ? [2.5] : [1.5, 3.5]);
      } finally {
        session.close();
      }
    }
  });

  it('stands beside the signature under a name of its own, on the same variables', () => {
    const both = compileSignature(compileSignature(made, 'train', { xla: false, steps: 3, as: 'three' }), 'train', {
      xla: false,
      steps: null,
    });
    expect(Object.keys(both.signatures)).toEqual(['restore', 'save', 'train', 'eval', 'three']);
    expect(both.functions).toHaveLength(1);
    expect(train(both, 1)).toEqual(plain);
    expect(train(both, 3, 'three')).toEqual(plain);
    expect(() => compileSignature(made, 'train', { xla: false, steps: 2, as: 'eval' })).toThrow(
      'has a signature eval already',
    );
  });

  it('is refused by name when it is none, and for a number of steps that is none', () => {
    expect(() => compileSignature(made, 'trian', { xla: false, steps: null })).toThrow(
      'no signature trian; it has restore, save, train, eval',
    );
    expect(() => compileSignature(made, 'train', { xla: false, steps: 0 })).toThrow('steps is 0');
  });
});
