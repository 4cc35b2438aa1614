import '../testing/quiet';
import {
  add,
  gradients,
  input,
  program,
  reduceMean,
  reduceSum,
  oneHot,
  restoreSignature,
  sgd,
  softmaxCrossEntropy,
  square,
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
/** Networks beyond this are counted by libs/models' own tests; here they would run for minutes. */
const runnable = 500_000;

describe('every model', () => {
  for (const model of all) {
    const small = model.counts.filter(({ count }) => count <= runnable);
    it(`${model.name} knows the count of a network small enough to run`, () => expect(small).not.toEqual([]));
    for (const known of small) {
      it(`${model.name} ${JSON.stringify(known.parameters)} on ${known.input.join('×')}: real shapes are the inferred ones, and a small step along the gradient lowers the loss as it should`, () => {
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
        const squares = slopes.map((g) => reduceSum(square(g))).reduce((a, b) => add(a, b));
        const optimizer = sgd(
          variables.parameters.map((p, i) => ({ variable: p.variable, gradient: slopes[i]!, weightDecay: 0 })),
        );
        const session = openSession({
          program: program({
            signatures: {
              restore: restoreSignature([...variables.parameters, ...variables.buffers].map((v) => v.variable)),
              train: {
                inputs: { x, labels, ...optimizer.inputs },
                outputs: { loss, squares },
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

        const step = (learningRate: number) => {
          const result = session.run('train', { ...feed, learningRate });
          return { loss: result.loss!.data[0] as number, squares: result.squares!.data[0] as number };
        };
        const before = step(0);
        // As long a step as should lower the loss by a thousandth: η|g|² to first order.
        const promised = 1e-3 * before.loss;
        expect(step(promised / before.squares).loss).toBe(before.loss);
        const kept = (before.loss - step(0).loss) / promised;
        expect(kept).toBeGreaterThan(0.5);
        expect(kept).toBeLessThan(1.5);
        session.close();
      });
    }
  }

  it('small-cnn begins as PyTorch does: U(−1/√fanIn, 1/√fanIn) for weights and biases, ones and zeros for normalisation', () => {
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

  it('ResNets begin as torchvision’s: N(0, 2/fan_out) for filters, ones and zeros for normalisation, nn.Linear’s own for the last layer', () => {
    const made = modelVariables();
    const { build } = models.resnet50;
    const parameters = { width: 16, stem: 'imagenet', normalisation: 'batch' } as const;
    const scope = () => made.open({ training: false }).scope;
    build({ scope: scope(), inputs: input('x', 'float32', [null, 64, 64, 3]), classes: 10, parameters });
    const init = stream({ seed: 5, purpose: 'init' });
    for (const p of made.parameters) {
      const values = p.initialise(sizeOf(p.variable.shape), init.fork(p.name));
      if (/(bn\d|downsample\.1)\./.test(p.name)) {
        expect(new Set(values), p.name).toEqual(new Set([p.name.endsWith('.weight') ? 1 : 0]));
      } else if (p.variable.shape.length === 4) {
        const [height, width, , out] = p.variable.shape as [number, number, number, number];
        const squares = values.reduce((a, v) => a + v * v, 0);
        // Σ v²/σ² is χ² with n degrees of freedom, of mean n and variance 2n.
        const expected = values.length * (2 / (height * width * out));
        expect(Math.abs(squares / expected - 1), p.name).toBeLessThan(5 * Math.sqrt(2 / values.length));
      } else {
        expect(Math.max(...values.map(Math.abs)), p.name).toBeLessThanOrEqual(Math.fround(1 / Math.sqrt(512)));
      }
    }
  });

  it('a ResNet without normalisation begins with residual branches at zero', () => {
    const made = modelVariables();
    const parameters = { width: 2, stem: 'cifar', normalisation: 'none' } as const;
    const x = input('x', 'float32', [null, 8, 8, 3]);
    models.resnet101.build({ scope: made.open({ training: true }).scope, inputs: x, classes: 3, parameters });
    const init = stream({ seed: 5, purpose: 'init' });
    const zero = made.parameters.filter(({ variable, initialise, name }) =>
      initialise(sizeOf(variable.shape), init.fork(name)).every((v) => v === 0),
    );
    const filters = zero.filter((p) => p.variable.shape.length === 4).map((p) => p.name);
    expect(filters).toHaveLength(33);
    expect(filters.every((name) => name.endsWith('.conv3.weight'))).toBe(true);
    expect(made.buffers).toEqual([]);
  });
});
