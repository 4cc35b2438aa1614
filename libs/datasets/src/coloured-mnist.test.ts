import { beforeAll, describe, expect, it } from 'vitest';
import { colouredMnist } from './coloured-mnist';
import type { BuiltSplit } from './define-dataset';
import { colourDistance, palette } from './palette';
import { countGroups } from './statistics';
import { bundledFiles } from './testing/digits';
import { mnist } from './mnist';

async function build(parameters: {
  strength?: number;
  jitter?: number;
  validation?: boolean;
}): Promise<Map<string, BuiltSplit>> {
  const built = await colouredMnist.build({
    parameters: { strength: 0.9, jitter: 0, validation: false, ...parameters },
    files: await bundledFiles(),
  });
  const splits = new Map<string, BuiltSplit>();
  for await (const s of built.splits) splits.set(s.name, s);
  return splits;
}

const agreement = (s: BuiltSplit, target: (y: number) => number): number =>
  s.labels.filter((y, i) => s.attributes![i] === target(y)).length / s.labels.length;
/** six standard errors of a share of n */
const tolerance = (p: number, n: number): number => 6 * Math.sqrt((p * (1 - p)) / n);

describe('the palette', () => {
  it('has ten colours, the closest two .495 apart, away from the ink and from no colour', () => {
    const distances = palette.flatMap((a, i) => palette.slice(0, i).map((b) => colourDistance(a.rgb, b.rgb)));
    expect(distances).toHaveLength(45);
    expect(Math.min(...distances)).toBeCloseTo(0.495, 3);
    for (const { rgb } of palette) {
      expect(colourDistance(rgb, [1, 1, 1])).toBeGreaterThan(0.74);
      expect(colourDistance(rgb, [0, 0, 0])).toBeGreaterThan(0.4);
      for (const x of rgb) expect(x >= 0.1 && x <= 0.8).toBe(true);
    }
    expect(new Set(palette.map((p) => p.name)).size).toBe(10);
  });
});

describe('coloured MNIST', () => {
  let splits: Map<string, BuiltSplit>;
  beforeAll(async () => {
    splits = await build({});
  });

  it('gives training backgrounds the colour of their class with probability ρ and each other colour alike', () => {
    const train = splits.get('train')!;
    expect(Math.abs(agreement(train, (y) => y) - 0.9)).toBeLessThan(tolerance(0.9, 5000));
    const offsets = new Array<number>(10).fill(0);
    train.labels.forEach((y, i) => offsets[(train.attributes![i]! - y + 10) % 10]!++);
    for (const n of offsets.slice(1)) expect(Math.abs(n / 5000 - 0.1 / 9)).toBeLessThan(tolerance(0.1 / 9, 5000));
  });
  it('keeps, reverses, randomises, balances and removes the colour in the test splits', () => {
    expect(Math.abs(agreement(splits.get('test-same')!, (y) => y) - 0.9)).toBeLessThan(tolerance(0.9, 1000));
    expect(Math.abs(agreement(splits.get('test-reversed')!, (y) => 9 - y) - 0.9)).toBeLessThan(tolerance(0.9, 1000));
    expect(Math.abs(agreement(splits.get('test-random')!, (y) => y) - 0.1)).toBeLessThan(tolerance(0.1, 1000));
    expect(splits.get('test-none')!.attributes!.every((a) => a === -1)).toBe(true);
    const balanced = splits.get('test-balanced')!;
    const groups = countGroups(
      balanced.labels,
      balanced.attributes,
      [...'0123456789'],
      palette.map((p) => p.name),
    );
    for (let k = 0; k < 10; k++) {
      const counts = groups.slice(10 * k, 10 * k + 10).map((g) => g.count);
      expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
    }
  });
  it('shows the same digits in the same order in every test split', () => {
    for (const s of splits.values()) if (s.name !== 'train') expect(s.labels).toEqual(splits.get('test-none')!.labels);
  });
  it('has exactly the palette where there is no ink and white where there is only ink', () => {
    const train = splits.get('train')!;
    for (const i of [0, 1, 2, 3]) {
      const corner = [...train.inputs.subarray(i * 2352, i * 2352 + 3)];
      expect(corner).toEqual(palette[train.attributes![i]!]!.rgb.map((x) => Math.round(255 * x)));
    }
    expect(Math.max(...train.inputs.subarray(0, 2352))).toBe(255);
  });
  it('mixes ink and colour linearly: removing the background gives the digit back', async () => {
    const built = await mnist.build({ parameters: { validation: false }, files: await bundledFiles() });
    const grey: BuiltSplit[] = [];
    for await (const s of built.splits) grey.push(s);
    const none = splits.get('test-none')!;
    for (let p = 0; p < 784 * 50; p++) expect(none.inputs[3 * p]).toBe(grey[1]!.inputs[p]);
    // a red channel of .8 under ink v/255 must read .8 + .2·v/255 to half a grey level
    const train = splits.get('train')!;
    const red = train.attributes!.findIndex((a) => a === 0);
    for (let p = 0; p < 784; p++) {
      const ink = grey[0]!.inputs[red * 784 + p]! / 255;
      expect(Math.abs(train.inputs[red * 2352 + 3 * p]! / 255 - (ink + (1 - ink) * 0.8))).toBeLessThanOrEqual(
        0.5 / 255 + 1e-12,
      );
    }
  });
  it('takes its training digits in the same fixed order as plain MNIST, so a limit means the same digits', async () => {
    const built = await mnist.build({ parameters: { validation: false }, files: await bundledFiles() });
    for await (const s of built.splits) if (s.name === 'train') expect(s.labels).toEqual(splits.get('train')!.labels);
  });
  it('can be decoded at σ ≤ .05 (≥ 99.5 %), which the dial needs; the palette holds to σ = .1 and fails at .2', async () => {
    expect(splits.get('train')!.decodability).toBe(1);
    expect(splits.get('test-none')!.decodability).toBeNull();
    const at = async (jitter: number): Promise<number> => (await build({ jitter })).get('train')!.decodability!;
    expect(await at(0.05)).toBeGreaterThanOrEqual(0.995);
    const wide = await at(0.1);
    expect(wide).toBeGreaterThan(0.97);
    expect(wide).toBeLessThan(0.995);
    expect(await at(0.2)).toBeLessThan(0.85);
  });
  it('jitters each background by one offset an image and channel, with the stated deviation', async () => {
    const train = (await build({ jitter: 0.05 })).get('train')!;
    let [n, squares] = [0, 0];
    for (let i = 0; i < 5000; i++) {
      const first = train.inputs.subarray(i * 2352, i * 2352 + 3);
      expect([...train.inputs.subarray((i + 1) * 2352 - 3, (i + 1) * 2352)]).toEqual([...first]);
      palette[train.attributes![i]!]!.rgb.forEach((x, c) => {
        n++;
        squares += (first[c]! / 255 - x) ** 2;
      });
    }
    // variance of the offset, of rounding (1/255²/12) and a little clipping at 0
    expect(Math.sqrt(squares / n)).toBeGreaterThan(0.0485);
    expect(Math.sqrt(squares / n)).toBeLessThan(0.0515);
  });
  it('keeps every background colour when only the jitter is turned', async () => {
    expect((await build({ jitter: 0.05 })).get('train')!.attributes).toEqual(splits.get('train')!.attributes);
  });
  it('sets a tenth aside for validation when asked, disjoint from training', async () => {
    const withValidation = await build({ validation: true });
    expect([withValidation.get('train')!.labels.length, withValidation.get('validation')!.labels.length]).toEqual([
      4500, 500,
    ]);
    expect(withValidation.get('train')!.labels).toEqual(splits.get('train')!.labels.subarray(0, 4500));
    expect(withValidation.get('validation')!.labels).toEqual(splits.get('train')!.labels.subarray(4500));
  });
});
