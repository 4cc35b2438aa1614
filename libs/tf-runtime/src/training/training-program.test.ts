import '../testing/quiet';
import { readFileSync } from 'node:fs';
import type { DatasetManifest, RunSpecInput } from '@minvar/contracts';
import { runSpecSchema } from '@minvar/contracts';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { openSession } from '../session';
import type { Session } from '../session';
import { describeRun } from './describe';
import { fromTorch, toTorch } from './layout';
import { initialState } from './state';
import { trainingProgram } from './training-program';

interface Golden {
  mean: number[];
  std: number[];
  steps: number[][];
  partner: number[];
  lambdas: number[];
  cases: {
    method: string;
    optimizer: 'adamw' | 'sgd';
    losses: number[];
    state: Record<string, number[]>;
    logits: number[];
    penultimate: number[];
    reEstimated: { parts: number[][]; statistics: Record<string, number[]>; logits: number[] };
  }[];
}
// Three steps by PyTorch in float64 (golden/train.py); data and initial weights follow the same closed formulas.
const golden = JSON.parse(readFileSync(new URL('golden/train.json', import.meta.url), 'utf8')) as Golden;
const [examples, size, channels, classes] = [12, 9, 3, 3];
const pixels = Uint8Array.from(
  { length: examples * size * size * channels },
  (_, i) => (i * 73 + Math.floor(i / 7) * 31 + Math.floor(i / 243) * 59) % 256,
);
const labels = Int32Array.from({ length: examples }, (_, i) => (5 * i + Math.floor(i / 4)) % classes);

const dir = mkdtempSync(join(tmpdir(), 'minvar-training-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));
const path = join(dir, 'inputs.bin');
writeFileSync(path, pixels);

const shape = [size, size, channels];
const plan = { examples, dtype: 'uint8' as const, shape };
const manifest = {
  name: 'closed-formula',
  classes: ['a', 'b', 'c'],
  input: { kind: 'image', shape, mean: golden.mean, std: golden.std },
} as unknown as DatasetManifest;

function open(input: Partial<RunSpecInput>): { session: Session; made: ReturnType<typeof trainingProgram> } {
  const spec = runSpecSchema.parse({
    data: { name: 'closed-formula' },
    model: { name: 'small-cnn', width: 4 },
    method: { name: 'erm' },
    epochs: 1,
    ...input,
  });
  const made = trainingProgram(spec, manifest, plan, describeRun(spec, manifest));
  const session = openSession({ program: made.program });
  session.run('load', { inputs: path, labels });
  return { session, made };
}

function closedFormulaWeights(made: ReturnType<typeof trainingProgram>): Record<string, Float32Array> {
  const state: Record<string, Float32Array> = { ...initialState(made, 0) };
  let skip = 0;
  for (const { name, variable } of made.parameters) {
    const count = state[name]!.length;
    const fanIn = variable.shape.length === 4 ? 9 * variable.shape[2]! : (variable.shape[1] ?? 0);
    const scale = variable.shape.length > 1 ? 1 / Math.sqrt(fanIn) : 0.1;
    const centre = /^bn\d\.weight$/.test(name) ? 1 : 0;
    const values = Float32Array.from(
      { length: count },
      (_, i) => centre + scale * (2 * (((i + skip + 1) * 0.6180339887498949) % 1) - 1),
    );
    state[name] = fromTorch(values, variable.shape);
    skip += count;
  }
  return state;
}

/** largest |a − b| over largest |b| */
const relative = (a: ArrayLike<number>, b: ArrayLike<number>): number => {
  expect(a.length).toBe(b.length);
  let [difference, scale] = [0, 0];
  for (let i = 0; i < b.length; i++) {
    difference = Math.max(difference, Math.abs(a[i]! - b[i]!));
    scale = Math.max(scale, Math.abs(b[i]!));
  }
  return difference / scale;
};

describe('three training steps equal PyTorch’s in float64', () => {
  for (const g of golden.cases) {
    it(`${g.method} with ${g.optimizer}: losses, every parameter, running statistics, evaluation, re-estimated statistics`, () => {
      const lr = g.optimizer === 'adamw' ? 0.01 : 0.1;
      const { session, made } = open({
        method: { name: g.method },
        optimizer: { name: g.optimizer, lr, weightDecay: 0.1 },
      });
      session.run('restore', closedFormulaWeights(made));
      golden.steps.forEach((rows, step) => {
        const { loss } = session.run('train', {
          indices: rows,
          lambda: rows.map(() => golden.lambdas[step]!),
          partner: golden.partner,
          ...(g.method === 'label-smoothing' ? { alpha: 0.1 } : {}),
          ...made.optimizer.feeds(step, 3),
        });
        expect(Math.abs((loss!.data[0] as number) / g.losses[step]! - 1)).toBeLessThan(2e-5);
      });
      const state = session.run('save');
      for (const { name, variable } of [...made.parameters, ...made.buffers]) {
        const ours = toTorch(state[name]!.data as Float32Array, variable.shape);
        // Adam divides by |g|: where a gradient is close to nothing, float32 shows.
        expect(relative(ours, g.state[name]!), name).toBeLessThan(g.optimizer === 'adamw' ? 1e-3 : 2e-5);
      }
      const seen = session.run('eval', { indices: Int32Array.from({ length: examples }, (_, i) => i) });
      expect(relative(seen.logits!.data as Float32Array, g.logits)).toBeLessThan(1e-3);
      expect(relative(seen.activations!.data as Float32Array, g.penultimate)).toBeLessThan(1e-3);
      // Statistics anew on unmixed examples: two parts, each weighing the same.
      const { parts, statistics, logits } = g.reEstimated;
      parts.forEach((rows, k) => session.run('statistics', { indices: rows, momentum: 1 / (k + 1) }));
      const again = session.run('save');
      for (const { name } of made.parameters) expect(again[name]).toEqual(state[name]);
      for (const { name } of made.buffers)
        expect(relative(again[name]!.data as Float32Array, statistics[name]!), name).toBeLessThan(1e-3);
      const after = session.run('eval', { indices: Int32Array.from({ length: examples }, (_, i) => i) });
      expect(relative(after.logits!.data as Float32Array, logits)).toBeLessThan(2e-3);
      session.close();
    });
  }
});

describe('crop and flip in the graph', () => {
  it('equal picking pixels by hand, zeros outside', () => {
    const { session, made } = open({
      data: { name: 'closed-formula', augmentation: 'crop-flip' },
      model: { name: 'linear' },
      optimizer: { name: 'sgd', lr: 1 },
    });
    // A linear model with zero weights has the gradient (p − q) x: one example, so the step shows its input.
    const zero = Object.fromEntries(
      made.parameters.map((p) => [p.name, new Float32Array(p.variable.shape.reduce((a, b) => a * b, 1))]),
    );
    session.run('restore', zero);
    const [down, right, row] = [3, -2, 5];
    const rows = Int32Array.from({ length: size }, (_, h) => h + down);
    const columns = Int32Array.from({ length: size }, (_, w) => size - 1 - w + right);
    session.run('train', { indices: [row], lambda: [1], partner: [0], rows, columns, ...made.optimizer.feeds(0, 1) });
    const weights = session.run('save')['fc.weight']!.data as Float32Array;
    const label = labels[row]!;
    for (let h = 0; h < size; h++) {
      for (let w = 0; w < size; w++) {
        for (let c = 0; c < channels; c++) {
          const [sh, sw] = [rows[h]!, columns[w]!];
          const inside = sh >= 0 && sh < size && sw >= 0 && sw < size;
          const pixel = inside ? pixels[((row * size + sh) * size + sw) * channels + c]! : 0;
          const x = (pixel / 255 - golden.mean[c]!) / golden.std[c]!;
          expect(weights[(label * size * size + h * size + w) * channels + c]).toBeCloseTo((2 / 3) * x, 4);
        }
      }
    }
    session.close();
  });
});
