import { describe, expect, it } from 'vitest';
import type { BuiltSplit } from './define-dataset';
import { completeDatasetParameters } from './parameters';
import { syntheticLowHigh } from './synthetic-low-high';

type P = Parameters<typeof syntheticLowHigh.build>[0]['parameters'];

async function build(given: Record<string, unknown>): Promise<Map<string, BuiltSplit>> {
  const built = await syntheticLowHigh.build({
    parameters: completeDatasetParameters(syntheticLowHigh, given) as unknown as P,
    files: new Map(),
  });
  const splits = new Map<string, BuiltSplit>();
  for await (const s of built.splits) splits.set(s.name, s);
  return splits;
}
const column = (s: BuiltSplit, d: number, keep: (i: number) => boolean = () => true): number[] =>
  [...s.labels.keys()].filter(keep).map((i) => s.inputs[i * s.shape[1]! + d]!);
const mean = (x: number[]): number => x.reduce((a, b) => a + b, 0) / x.length;
const deviation = (x: number[]): number => Math.sqrt(mean(x.map((v) => (v - mean(x)) ** 2)));

describe('the synthetic data', () => {
  it('holds the exact toy: x_L = .5y ± s, x_H = y·u, u = 1.00, 1.05, …, 2.00, each point once', async () => {
    const { inputs, labels, shape } = (await build({ shape: 'grid', deviationLow: 0.1, deviationHigh: 0.5 })).get(
      'test',
    )!;
    expect(shape).toEqual([84, 2]);
    const expected = new Set<string>();
    for (const y of [-1, 1])
      for (const s of [-0.1, 0.1])
        for (let u = 0; u <= 20; u++)
          expected.add([y, Math.fround(0.5 * y + s), Math.fround(y * ((20 + u) / 20))].join());
    const found = new Set(
      [...labels.keys()].map((i) => [labels[i] === 1 ? 1 : -1, inputs[2 * i]!, inputs[2 * i + 1]!].join()),
    );
    expect(found).toEqual(expected);
  });
  it('gives coinciding grid points once when the low part has no deviation', async () => {
    const splits = await build({ shape: 'grid', deviationLow: 0, deviationHigh: 0.5 });
    expect(splits.get('train')!.shape).toEqual([42, 2]);
    expect(new Set(column(splits.get('train')!, 0))).toEqual(new Set([-0.5, 0.5]));
  });
  it.each(['point', 'uniform', 'gaussian'] as const)(
    '%s: each part has its margin and its within-class deviation',
    async (shape) => {
      const train = (
        await build({
          shape,
          examples: 20_000,
          deviationLow: 0.2,
          deviationHigh: 0.4,
          dimsHigh: 2,
          dimsNoise: 1,
          deviationNoise: 3,
        })
      ).get('train')!;
      const plus = (i: number): boolean => train.labels[i] === 1;
      for (const [d, m, s] of [
        [0, 0.5, 0.2],
        [1, 1.5, 0.4],
        [2, 1.5, 0.4],
        [3, 0, 3],
      ] as const) {
        // six standard errors: of the mean s/√n, of the deviation at most s·√(3/n)
        expect(Math.abs(mean(column(train, d, plus)) - m)).toBeLessThan(6 * s * Math.sqrt(1 / 10_000));
        expect(Math.abs(deviation(column(train, d, plus)) - s)).toBeLessThan(6 * s * Math.sqrt(3 / 10_000) + 1e-6);
        expect(Math.abs(mean(column(train, d, (i) => !plus(i))) + m)).toBeLessThan(6 * s * Math.sqrt(1 / 10_000));
      }
    },
  );
  it('with strength, part L shows the true class in training and another in the reversed test', async () => {
    const splits = await build({ strength: 0.9, examples: 10_000, testExamples: 10_000 });
    expect([...splits.keys()]).toEqual(['train', 'test-same', 'test-reversed', 'test-random']);
    const agree = (s: BuiltSplit): number => s.labels.filter((y, i) => s.attributes![i] === y).length / s.labels.length;
    expect(agree(splits.get('train')!)).toBeCloseTo(0.9, 1);
    expect(agree(splits.get('test-same')!)).toBeCloseTo(0.9, 1);
    expect(agree(splits.get('test-reversed')!)).toBeCloseTo(0.1, 1);
    expect(agree(splits.get('test-random')!)).toBeCloseTo(0.5, 1);
    const train = splits.get('train')!;
    expect(column(train, 0).every((x, i) => Math.sign(x) === (train.attributes![i] === 1 ? 1 : -1))).toBe(true);
  });
  it('places more than two classes on axes of their own', async () => {
    const train = (await build({ classes: 3, dimsLow: 3, dimsHigh: 3, shape: 'point', deviationHigh: 0 })).get(
      'train',
    )!;
    for (const i of [0, 1, 2, 3]) {
      const row = [...train.inputs.subarray(6 * i, 6 * i + 6)];
      const k = train.labels[i]!;
      expect(row).toEqual([0.5, 1.5].flatMap((margin) => [0, 1, 2].map((d) => (d === k ? margin : 0))));
    }
  });
  it('refuses what cannot be, with the way out', async () => {
    await expect(build({ classes: 3 })).rejects.toThrow(
      /dimsLow is 1, but 3 classes need at least 3 dimensions. Raise dimsLow/,
    );
    await expect(build({ shape: 'grid', strength: 0.9 })).rejects.toThrow(/a grid holds each point once/);
    await expect(build({ shape: 'grid', dimsHigh: 6 })).rejects.toThrow(/more than 10⁶ points/);
    await expect(build({ examples: 1_000_000, dimsNoise: 1000 })).rejects.toThrow(/10⁸ values/);
  });
});
