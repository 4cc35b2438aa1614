import '../testing/quiet';
import { gradients, input, oneHot, program } from '@minvar/graph';
import type { Value } from '@minvar/graph';
import { completeMethodParameters, methods } from '@minvar/methods';
import type { MethodDefinition } from '@minvar/methods';
import { stream } from '@minvar/random';
import { describe, expect, it } from 'vitest';
import { openSession } from '../session';

// Every method of the registry, in float64 on the real kernels: a new one is tested without writing anything.
const [examples, dims, classes] = [6, 4, 3];
const labels = [0, 2, 1, 1, 0, 2];
const values = (count: number, skip = 0): number[] =>
  Array.from({ length: count }, (_, i) => 4 * (((i + skip + 1) * 0.6180339887498949) % 1) - 2);
const x = values(examples * dims);
const z = values(examples * classes, 31);
const h = values(examples * 5, 77);

type Parameters = Readonly<Record<string, unknown>>;
const all = Object.values(methods) as unknown as MethodDefinition[];

/** Settings to try: the defaults, and for each enumerated parameter every value. */
function settingsOf(method: MethodDefinition): Parameters[] {
  const defaults = completeMethodParameters(method, {}) as Parameters;
  const variants = Object.entries(method.parameters.shape).flatMap(([name, field]) => {
    const options = (field as { unwrap?: () => { options?: readonly unknown[] } }).unwrap?.().options;
    return (options ?? []).map((option) => ({ ...defaults, [name]: option }));
  });
  return [defaults, ...variants];
}

/** The method's part of a training step, with logits fed in place of a model's. */
function open(method: MethodDefinition, parameters: Parameters) {
  const lambda = input('lambda', 'float64', [null]);
  const partner = input('partner', 'int32', [null]);
  const inputs = input('x', 'float64', [null, dims]);
  const classIndices = input('labels', 'int32', [null]);
  const logits = input('z', 'float64', [null, classes]);
  const penultimate = input('h', 'float64', [null, 5]);
  const fedNumbers = method.fed(parameters);
  const fed = Object.fromEntries(Object.keys(fedNumbers).map((name) => [name, input(name, 'float64', [])])) as Record<
    string,
    Value
  >;
  const batch = { inputs, labels: classIndices, classes, lambda, partner, fed };
  const targets = method.targets(batch, parameters);
  const loss = method.loss({ logits, penultimate, targets, batch }, parameters);
  const [slope] = gradients(loss, [logits]);
  const session = openSession({
    program: program({
      signatures: {
        step: {
          inputs: { x: inputs, labels: classIndices, z: logits, h: penultimate, lambda, partner, ...fed },
          outputs: {
            x: method.inputs(batch, parameters),
            targets,
            loss,
            slope: slope!,
            plain: oneHot(classIndices, classes, { dtype: 'float64' }),
          },
        },
      },
    }),
  });
  const draw = method.draw(parameters, examples, stream({ seed: 3, purpose: 'mix' }));
  const run = (logitValues: readonly number[] = z) => {
    const out = session.run('step', {
      x,
      labels,
      z: logitValues,
      h,
      lambda: draw?.lambda ?? Array(examples).fill(1),
      partner: draw?.partner ?? [0, 1, 2, 3, 4, 5],
      ...fedNumbers,
    });
    return Object.fromEntries(
      Object.entries(out).map(([name, v]) => [name, Array.from(v.data as Float64Array)]),
    ) as Record<'x' | 'targets' | 'loss' | 'slope' | 'plain', number[]>;
  };
  return { run, draw, close: () => session.close() };
}

const largest = (a: readonly number[], b: readonly number[]): number =>
  Math.max(...a.map((v, i) => Math.abs(v - b[i]!)));

describe('every method', () => {
  for (const method of all) {
    for (const parameters of settingsOf(method)) {
      const name = `${method.name} ${JSON.stringify(parameters)}`;

      it(`${name}: targets are distributions over the classes`, () => {
        const { run, close } = open(method, parameters);
        const { targets } = run();
        for (let i = 0; i < examples; i++) {
          const row = targets.slice(i * classes, (i + 1) * classes);
          expect(Math.min(...row)).toBeGreaterThanOrEqual(0);
          expect(Math.abs(row.reduce((a, b) => a + b, 0) - 1)).toBeLessThan(1e-12);
        }
        close();
      });

      it(`${name}: the gradient by the logits is the slope of the loss (central differences)`, () => {
        const { run, close } = open(method, parameters);
        const { slope } = run();
        const step = 1e-5;
        for (let j = 0; j < z.length; j++) {
          const at = (d: number): number => run(z.map((v, i) => (i === j ? v + d : v))).loss[0]!;
          expect(Math.abs((at(step) - at(-step)) / (2 * step) - slope[j]!)).toBeLessThan(1e-8);
        }
        close();
      });
    }

    it(`${method.name} equals ERM to 1e-6 at its neutral parameters: inputs, targets, loss and gradient`, () => {
      if (method.neutral === null) return;
      const [neutral, erm] = [
        open(method, method.neutral as Parameters),
        open(methods.erm as unknown as MethodDefinition, {}),
      ];
      const [a, b] = [neutral.run(), erm.run()];
      for (const key of ['x', 'targets', 'loss', 'slope'] as const) expect(largest(a[key], b[key])).toBeLessThan(1e-6);
      neutral.close();
      erm.close();
    });
  }
});

const logSoftmax = (row: readonly number[]): number[] => {
  const max = Math.max(...row);
  const total = Math.log(row.reduce((a, v) => a + Math.exp(v - max), 0));
  return row.map((v) => v - max - total);
};
const crossEntropy = (q: readonly number[]): number => {
  let sum = 0;
  for (let i = 0; i < examples; i++)
    logSoftmax(z.slice(i * classes, (i + 1) * classes)).forEach((l, k) => (sum -= q[i * classes + k]! * l));
  return sum / examples;
};
const oneHotOf = (i: number, k: number): number => (labels[i] === k ? 1 : 0);

describe('plain reimplementations', () => {
  for (const lambda of ['batch', 'example'] as const) {
    it(`Mixup with one λ a${lambda === 'batch' ? ' batch' : 'n example'}: inputs, targets and loss, exactly`, () => {
      const { run, draw, close } = open(methods.mixup as unknown as MethodDefinition, { alpha: 0.7, lambda });
      const out = run();
      const l = Array.from(draw!.lambda);
      const mixed = x.map((v, j) => {
        const i = Math.floor(j / dims);
        return v * l[i]! + x[draw!.partner[i]! * dims + (j % dims)]! * (1 - l[i]!);
      });
      const q = Array.from({ length: examples * classes }, (_, j) => {
        const [i, k] = [Math.floor(j / classes), j % classes];
        return oneHotOf(i, k) * l[i]! + oneHotOf(draw!.partner[i]!, k) * (1 - l[i]!);
      });
      expect(out.x).toEqual(mixed);
      expect(out.targets).toEqual(q);
      expect(Math.abs(out.loss[0]! - crossEntropy(q))).toBeLessThan(1e-14);
      // The form in which the paper states the loss: λ CE(y_i) + (1 − λ) CE(y_π(i)).
      const paper =
        crossEntropy(
          Array.from(q, (_, j) => oneHotOf(Math.floor(j / classes), j % classes)).map(
            (v, j) => v * l[Math.floor(j / classes)]!,
          ),
        ) +
        crossEntropy(
          Array.from(
            q,
            (_, j) =>
              oneHotOf(draw!.partner[Math.floor(j / classes)]!, j % classes) * (1 - l[Math.floor(j / classes)]!),
          ),
        );
      expect(Math.abs(out.loss[0]! - paper)).toBeLessThan(1e-12);
      close();
    });
  }

  it('label smoothing in both conventions, and the entropy floor it can reach', () => {
    for (const convention of ['all', 'others'] as const) {
      const alpha = 0.1;
      const { run, close } = open(methods['label-smoothing'] as unknown as MethodDefinition, { alpha, convention });
      const q = Array.from({ length: examples * classes }, (_, j) => {
        const hit = oneHotOf(Math.floor(j / classes), j % classes);
        return convention === 'all' ? (1 - alpha) * hit + alpha / classes : hit ? 1 - alpha : alpha / (classes - 1);
      });
      const out = run();
      expect(largest(out.targets, q)).toBeLessThan(1e-15);
      // At logits ln q the loss is the entropy of q and its gradient vanishes.
      const best = run(q.map(Math.log));
      const entropy = -q.slice(0, classes).reduce((a, v) => a + v * Math.log(v), 0);
      expect(Math.abs(best.loss[0]! - entropy)).toBeLessThan(1e-14);
      expect(Math.max(...best.slope.map(Math.abs))).toBeLessThan(1e-15);
      close();
    }
  });
});
