import '../testing/quiet';
import {
  adamw,
  adamwFeeds,
  input,
  program,
  restoreSignature,
  saveSignature,
  sgd,
  sgdFeeds,
  variable,
  type OptimizerStep,
  type Trained,
} from '@minvar/graph';
import { describe, expect, it } from 'vitest';
import { openSession } from '../session';

type Precision = 'float32' | 'float64';
const start = [0.5, -0.25, 1e-3, -2, 0, 3];

/** Runs an optimizer on given gradients and returns the weights after each step. */
function run(
  precision: Precision,
  weightDecay: number,
  gradientsAt: readonly (readonly number[])[],
  build: (trained: readonly Trained[]) => OptimizerStep,
  feedsAt: (step: number) => Readonly<Record<string, number>>,
): number[][] {
  const w = variable({ name: 'w', dtype: precision, shape: [start.length] });
  const g = input('g', precision, [start.length]);
  const { inputs, state, updates } = build([{ variable: w, gradient: g, weightDecay }]);
  const session = openSession({
    program: program({
      signatures: {
        restore: restoreSignature([w, ...state]),
        train: { inputs: { g, ...inputs }, updates },
        save: saveSignature([w]),
      },
    }),
  });
  session.run('restore', { w: start, ...Object.fromEntries(state.map((v) => [v.name, start.map(() => 0)])) });
  const path = gradientsAt.map((gradient, i) => {
    const feeds = feedsAt(i + 1);
    session.run('train', { g: gradient, ...Object.fromEntries(Object.keys(inputs).map((key) => [key, feeds[key]!])) });
    return Array.from(session.run('save')['w']!.data as Float64Array);
  });
  session.close();
  return path;
}

/** torch.optim.AdamW as its documentation states it, in float64. */
function documentedAdamw(
  gradientsAt: readonly (readonly number[])[],
  {
    lr,
    weightDecay,
    beta1 = 0.9,
    beta2 = 0.999,
    epsilon = 1e-8,
  }: { lr: number; weightDecay: number; beta1?: number; beta2?: number; epsilon?: number },
): number[][] {
  const w = [...start];
  const m = w.map(() => 0);
  const v = w.map(() => 0);
  return gradientsAt.map((gradient, i) => {
    const t = i + 1;
    gradient.forEach((g, k) => {
      w[k] = w[k]! - lr * weightDecay * w[k]!;
      m[k] = beta1 * m[k]! + (1 - beta1) * g;
      v[k] = beta2 * v[k]! + (1 - beta2) * g * g;
      const mHat = m[k]! / (1 - beta1 ** t);
      const vHat = v[k]! / (1 - beta2 ** t);
      w[k] = w[k]! - (lr * mHat) / (Math.sqrt(vHat) + epsilon);
    });
    return [...w];
  });
}

const steps = (count: number, size: number) =>
  Array.from({ length: count }, (_, t) => start.map((_w, k) => size * Math.sin(1 + 3 * k + 0.7 * t)));

/** Largest difference between two paths, relative to how far the weights have moved. */
const apart = (a: readonly (readonly number[])[], b: readonly (readonly number[])[]): number => {
  const moved = Math.max(...b.flatMap((w) => w.map((x, k) => Math.abs(x - start[k]!))));
  return Math.max(...a.flatMap((w, t) => w.map((x, k) => Math.abs(x - b[t]![k]!)))) / moved;
};

describe('AdamW', () => {
  const settings = { lr: 0.01, weightDecay: 0.1 };
  const ours = (
    precision: Precision,
    gradientsAt: readonly (readonly number[])[],
    weightDecay = settings.weightDecay,
  ) =>
    run(
      precision,
      weightDecay,
      gradientsAt,
      (t) => adamw(t),
      (step) => adamwFeeds({ step, learningRate: settings.lr, dtype: precision }),
    );

  it.each([1, 1e-4, 1e-8])('is PyTorch’s documented algorithm in float64, with gradients near %s', (size) => {
    const gradientsAt = steps(20, size);
    expect(apart(ours('float64', gradientsAt), documentedAdamw(gradientsAt, settings))).toBeLessThan(1e-12);
  });

  it.each([1, 1e-4, 1e-8])('is PyTorch’s documented algorithm in float32, with gradients near %s', (size) => {
    const gradientsAt = steps(20, size);
    // 20 steps of rounding a weight of size 3 to float32, over a path of length 0.2.
    expect(apart(ours('float32', gradientsAt), documentedAdamw(gradientsAt, settings))).toBeLessThan(2e-5);
  });

  it('would be told from ε inside the bias correction, where gradients are near ε', () => {
    const gradientsAt = steps(20, 1e-8);
    const path = ours('float64', gradientsAt);
    const root = (step: number) => Math.sqrt(1 - 0.999 ** step);
    const inside = run(
      'float64',
      0.1,
      gradientsAt,
      (t) => adamw(t),
      (step) => {
        const feeds = adamwFeeds({ step, learningRate: settings.lr, dtype: 'float64' });
        return { ...feeds, epsilon: feeds.epsilon / root(step) };
      },
    );
    expect(apart(inside, path)).toBeGreaterThan(0.1);
  });

  it('decays by itself alone when the gradient is zero', () => {
    const path = ours('float64', steps(3, 0));
    path.at(-1)!.forEach((w, k) => expect(w).toBeCloseTo(start[k]! * (1 - 0.01 * 0.1) ** 3, 14));
  });

  it('leaves a weight without decay and gradient where it is', () => {
    expect(ours('float32', steps(2, 0), 0).at(-1)).toEqual(start.map(Math.fround));
  });

  it('refuses step 0', () => {
    expect(() => adamwFeeds({ step: 0, learningRate: 1 })).toThrow('step 0 should be 1, 2, …');
  });
});

describe('SGD', () => {
  it.each([
    { momentum: 0, weightDecay: 0 },
    { momentum: 0, weightDecay: 0.1 },
    { momentum: 0.9, weightDecay: 0.1 },
  ])('is PyTorch’s documented algorithm, $momentum momentum, $weightDecay decay', ({ momentum, weightDecay }) => {
    const gradientsAt = steps(20, 1);
    const path = run(
      'float64',
      weightDecay,
      gradientsAt,
      (t) => sgd(t, { momentum }),
      () => sgdFeeds({ learningRate: 0.05 }),
    );
    const w = [...start];
    let buffer: number[] | null = null;
    const expected = gradientsAt.map((gradient) => {
      const g = gradient.map((x, k) => x + weightDecay * w[k]!);
      buffer = buffer === null ? g : buffer.map((b, k) => momentum * b + g[k]!);
      buffer.forEach((b, k) => (w[k]! -= 0.05 * b));
      return [...w];
    });
    expect(apart(path, expected)).toBeLessThan(1e-12);
  });
});
