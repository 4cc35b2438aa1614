import '../testing/quiet';
import {
  gradients,
  input,
  program,
  reduceMean,
  oneHot,
  restoreSignature,
  sgd,
  softmaxCrossEntropy,
} from '@minvar/graph';
import { completeModelParameters, modelVariables, models } from '@minvar/models';
import type { ModelDefinition } from '@minvar/models';
import { stream } from '@minvar/random';
import { describe, expect, it } from 'vitest';
import { openSession } from '../session';
import { fromTorch } from '../training/layout';

// Every model of the registry on the real kernels: a new one is tested without writing anything.
const all = Object.values(models) as unknown as ModelDefinition[];
const examples = 8;
const sizeOf = (shape: readonly (number | null)[]): number => shape.reduce<number>((a, b) => a * b!, 1);

describe('every model', () => {
  for (const model of all) {
    for (const known of model.counts) {
      it(`${model.name} on ${known.input.join('×')}: real shapes are the inferred ones, and a small step along the gradient lowers the loss`, () => {
        const { classes } = known;
        const x = input('x', 'float32', [null, ...known.input]);
        const labels = input('labels', 'int32', [null]);
        const variables = modelVariables();
        const parameters = completeModelParameters(model, known.parameters as Record<string, unknown>);
        const evaluation = variables.open({ training: false });
        const seen = model.build({ scope: evaluation.scope, inputs: x, classes, parameters });
        const training = variables.open({ training: true });
        const made = model.build({ scope: training.scope, inputs: x, classes, parameters });
        const loss = reduceMean(softmaxCrossEntropy(made.logits, oneHot(labels, classes)));
        const slopes = gradients(
          loss,
          variables.parameters.map((p) => p.variable),
        );
        const optimizer = sgd(
          variables.parameters.map((p, i) => ({ variable: p.variable, gradient: slopes[i]!, weightDecay: 0 })),
        );
        const session = openSession({
          program: program({
            signatures: {
              restore: restoreSignature([...variables.parameters, ...variables.buffers].map((v) => v.variable)),
              train: {
                inputs: { x, labels, ...optimizer.inputs },
                outputs: { loss },
                updates: [...optimizer.updates, ...training.updates],
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
          }),
        });
        const init = stream({ seed: 1, purpose: 'init' });
        session.run('restore', {
          ...Object.fromEntries(
            variables.parameters.map((p) => [
              p.name,
              fromTorch(p.initialise(sizeOf(p.variable.shape), init.fork(p.name)), p.variable.shape),
            ]),
          ),
          ...Object.fromEntries(
            variables.buffers.map((b) => [b.name, new Float32Array(sizeOf(b.variable.shape)).fill(b.initial)]),
          ),
        });
        const data = stream({ seed: 2, purpose: 'data' });
        const feed = {
          x: Float32Array.from({ length: examples * sizeOf(known.input) }, () => data.normal()),
          labels: Int32Array.from({ length: examples }, (_, i) => i % classes),
        };

        const out = session.run('eval', { x: feed.x });
        const inferred = {
          logits: seen.logits,
          penultimate: seen.penultimate,
          ...Object.fromEntries(seen.stages.map((s) => [s.name, s.value])),
        };
        for (const [name, value] of Object.entries(inferred))
          expect(out[name]!.shape, name).toEqual(value.shape.map((d) => d ?? examples));
        expect((out.logits!.data as Float32Array).every(Number.isFinite)).toBe(true);

        const step = (learningRate: number): number =>
          session.run('train', { ...feed, learningRate }).loss!.data[0] as number;
        const before = step(0.01);
        expect(step(0)).toBeLessThan(before);
        session.close();
      });
    }
  }

  it('begins as PyTorch does: U(−1/√fanIn, 1/√fanIn) for weights and biases, ones and zeros for normalisation', () => {
    const variables = modelVariables();
    const model = models['small-cnn'];
    model.build({
      scope: variables.open({ training: false }).scope,
      inputs: input('x', 'float32', [null, 28, 28, 3]),
      classes: 10,
      parameters: { width: 16, normalisation: 'batch' },
    });
    const init = stream({ seed: 5, purpose: 'init' });
    const bounds: Record<string, number> = {
      'conv1.weight': 27,
      'conv2.weight': 144,
      'conv3.weight': 288,
      'fc.weight': 64,
      'fc.bias': 64,
    };
    for (const p of variables.parameters) {
      const values = p.initialise(sizeOf(p.variable.shape), init.fork(p.name));
      const fanIn = bounds[p.name];
      if (fanIn === undefined) {
        expect(new Set(values), p.name).toEqual(new Set([p.group === 'normalisation' ? 1 : 0]));
        continue;
      }
      const bound = 1 / Math.sqrt(fanIn);
      expect(Math.max(...values.map(Math.abs)), p.name).toBeLessThanOrEqual(Math.fround(bound));
      // Variance of the uniform distribution, b²/3, within five standard errors of a sample.
      const variance = values.reduce((a, v) => a + v * v, 0) / values.length;
      expect(Math.abs(variance / (bound ** 2 / 3) - 1), p.name).toBeLessThan(5 * Math.sqrt(0.8 / values.length));
    }
  });
});
