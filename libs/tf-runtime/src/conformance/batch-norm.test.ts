import '../testing/quiet';
import {
  batchNorm,
  composedBatchNorm,
  constant,
  gradients,
  input,
  mul,
  program,
  reduceSum,
  restoreSignature,
  saveSignature,
  square,
  variable,
  type DType,
  type Example,
} from '@minvar/graph';
import { describe, expect, it } from 'vitest';
import { openSession } from '../session';
import { measure, prepare } from './check-example';
import { expectClose } from './expect-close';

const images = Array.from({ length: 3 * 2 * 2 * 2 }, (_, i) => Math.sin(3 * i) * 2 + (i % 2) * 5);

/** y, gradients of Σ y³·(1 + channel), and the statistics after one step, by batchNorm in the given type. */
function step(dtype: DType, shape: readonly number[], data: readonly number[], training: boolean) {
  const channels = shape.at(-1)!;
  const vector = (name: string) => variable({ name, dtype, shape: [channels] });
  const x = input('x', dtype, [null, ...shape.slice(1)]);
  const [scale, offset, mean, variance] = ['scale', 'offset', 'mean', 'variance'].map(vector) as [
    ReturnType<typeof vector>,
    ReturnType<typeof vector>,
    ReturnType<typeof vector>,
    ReturnType<typeof vector>,
  ];
  const { y, updates } = batchNorm(x, {
    scale: scale.value,
    offset: offset.value,
    runningMean: mean,
    runningVariance: variance,
    training,
  });
  const weights = constant(
    Array.from({ length: channels }, (_, c) => 1 + c),
    { dtype },
  );
  // Not a sum of squares: normalisation holds those nearly constant, and their derivative by x would be rounding alone.
  const loss = reduceSum(mul(mul(square(y), y), weights));
  const [dx, dScale, dOffset] = gradients(loss, [x, scale, offset]);
  const session = openSession({
    program: program({
      signatures: {
        restore: restoreSignature([scale, offset, mean, variance]),
        run: { inputs: { x }, outputs: { y, dx: dx!, dScale: dScale!, dOffset: dOffset! }, updates },
        save: saveSignature([mean, variance]),
      },
    }),
  });
  const list = (f: (c: number) => number) => Array.from({ length: channels }, (_, c) => f(c));
  session.run('restore', {
    scale: list((c) => 1 + c),
    offset: list((c) => c - 0.5),
    mean: list(() => 0.25),
    variance: list(() => 2),
  });
  const result = { ...session.run('run', { x: data }), ...session.run('save') };
  session.close();
  return Object.fromEntries(Object.entries(result).map(([key, f]) => [key, Array.from(f.data as Float64Array)]));
}

describe('batch normalisation', () => {
  it('normalises by the biased variance with ε 1e-5 and tracks the unbiased one, .9 old and .1 new', () => {
    const { y, mean, variance } = step('float32', [4, 1, 1, 1], [1, 2, 3, 4], true);
    // Mean 2.5, squared deviations 2.25, .25, .25, 2.25: biased 1.25, unbiased 5/3.
    [-1.5, -0.5, 0.5, 1.5].forEach((d, i) => expect(y![i]).toBeCloseTo(d / Math.sqrt(1.25 + 1e-5) - 0.5, 5));
    expect(mean![0]).toBeCloseTo(0.9 * 0.25 + 0.1 * 2.5, 6);
    expect(variance![0]).toBeCloseTo(0.9 * 2 + 0.1 * (5 / 3), 6);
  });

  it('normalises by what was tracked in evaluation, and tracks nothing', () => {
    const { y, mean, variance } = step('float32', [2, 1, 1, 1], [1, 5], false);
    [1, 5].forEach((x, i) => expect(y![i]).toBeCloseTo((x - 0.25) / Math.sqrt(2 + 1e-5) - 0.5, 5));
    expect([mean![0], variance![0]]).toEqual([0.25, 2]);
  });

  it.each([true, false])('is the same fused in float32 and composed in float64, training: %s', (training) => {
    const fused = step('float32', [3, 2, 2, 2], images, training);
    const composed = step('float64', [3, 2, 2, 2], images, training);
    for (const key of Object.keys(composed)) {
      const scale = Math.max(...composed[key]!.map(Math.abs));
      const worst = Math.max(...composed[key]!.map((x, i) => Math.abs(x - fused[key]![i]!)));
      expect(worst / scale, key).toBeLessThan(1e-4);
    }
  });

  it('takes rows of features as images of one pixel', () => {
    const rows = step('float32', [6, 4], images, true);
    const composed = step('float64', [6, 4], images, true);
    const scale = Math.max(...composed['dx']!.map(Math.abs));
    composed['dx']!.forEach((g, i) => expect(Math.abs(rows['dx']![i]! - g) / scale).toBeLessThan(1e-4));
    expect(rows['variance']!.map((v) => v.toFixed(4))).toEqual(composed['variance']!.map((v) => v.toFixed(4)));
  });

  it('averages the statistics of the batches when it is fed momentum 1/k at the k-th', () => {
    const x = input('x', 'float32', [null, 1]);
    const momentum = input('momentum', 'float32', []);
    const [mean, variance] = ['mean', 'variance'].map((name) => variable({ name, shape: [1] }));
    const { updates } = batchNorm(x, {
      scale: constant([1]),
      offset: constant([0]),
      runningMean: mean!,
      runningVariance: variance!,
      training: true,
      momentum,
    });
    const session = openSession({
      program: program({
        signatures: {
          restore: restoreSignature([mean!, variance!]),
          run: { inputs: { x, momentum }, updates },
          save: saveSignature([mean!, variance!]),
        },
      }),
    });
    // What was there before is forgotten at k = 1, however far off.
    session.run('restore', { mean: [1e6], variance: [1e6] });
    [
      [1, 3],
      [4, 8],
      [-2, 0],
    ].forEach((batch, i) => session.run('run', { x: batch, momentum: 1 / (i + 1) }));
    const seen = session.run('save');
    session.close();
    // Means 2, 6, −1; unbiased variances 2, 8, 2.
    expect(seen['mean']!.data[0]).toBeCloseTo(7 / 3, 6);
    expect(seen['variance']!.data[0]).toBeCloseTo(4, 6);
  });

  it('tracks variance 0 for a batch of one number a channel, in both forms', () => {
    for (const dtype of ['float32', 'float64'] as const) {
      expect(step(dtype, [1, 1, 1, 2], [3, 4], true)['variance']![0]).toBeCloseTo(1.8, 6);
    }
  });

  it.each([true, false])('composed, agrees with finite differences in float64, training: %s', (training) => {
    const example: Example = {
      title: 'composed',
      inputs: [
        { shape: [3, 2, 2, 2], dtype: 'float', values: images, batch: true },
        { shape: [2], dtype: 'float', values: [1.5, 0.5], batch: false },
        { shape: [2], dtype: 'float', values: [0.3, -1], batch: false },
      ],
      build: (x, scale, offset) => {
        const held = {
          mean: constant([0.25, 5], { dtype: 'float64' }),
          variance: constant([2, 3], { dtype: 'float64' }),
        };
        return composedBatchNorm(x!, scale!, offset!, { epsilon: 1e-5, statistics: training ? null : held }).y;
      },
    };
    const { slopes } = measure(example, prepare(example, { unknownBatch: true, differentiate: true }));
    expect(slopes).toHaveLength(3);
    for (const { analytic, numeric } of slopes) expectClose(analytic, numeric, example);
  });
});
