import { datasets } from '@minvar/datasets';
import { completeRunSpec } from '@minvar/coordination';
import { weightDecayDose } from '@minvar/contracts';
import { methods } from '@minvar/methods';
import { metrics } from '@minvar/metrics';
import { models } from '@minvar/models';
import { describe, expect, it } from 'vitest';
import { activationVariance } from './activation-variance';
import { recipes } from './recipes';

const presets = Object.values(activationVariance.presets);

describe('activation-variance', () => {
  it('compares three methods at equal data, model, optimizer and length', () => {
    for (const preset of presets) {
      for (const condition of new Set(preset.cells.map((c) => c.condition))) {
        const cells = preset.cells.filter((c) => c.condition === condition);
        expect(cells.map((c) => c.arm)).toEqual(['erm', 'label-smoothing', 'mixup']);
        expect(new Set(cells.map((c) => JSON.stringify({ ...c.spec, method: null }))).size).toBe(1);
      }
    }
  });

  it('has specs that the registries know', () => {
    for (const { spec } of presets.flatMap((p) => p.cells))
      expect(completeRunSpec(spec, { methods, models, datasets }).model.name).toBe(spec.model.name);
  });

  it('names metrics and variants that there are', () => {
    const known: Readonly<Record<string, { readonly variants: readonly (string | null)[] }>> = metrics;
    const named = [...presets.flatMap((p) => activationVariance.endpoints(p.name)), ...activationVariance.columns];
    for (const { metric, variant } of named)
      if (metric !== 'weight-decay-dose') expect(known[metric]!.variants, metric).toContain(variant);
  });

  it('is judged on seeds that exploration never sees, quick at most by direction', () => {
    for (const preset of presets) expect(preset.firstSeed).toBeGreaterThanOrEqual(100);
    expect(activationVariance.presets.quick!.seeds).toBeLessThan(6);
    expect(activationVariance.presets.paper!.seeds).toBeGreaterThanOrEqual(6);
  });

  it('paper covers every network, dataset, recipe and weight decay, and tunes each method among equally many', () => {
    const { cells } = activationVariance.presets.paper!;
    expect(cells).toHaveLength(3 * 3 * 2 * 2 * 4);
    expect(cells.every((c) => c.spec.epochs === 200 && c.spec.data.parameters?.validation === true)).toBe(true);
    const chosen = activationVariance.chosenArms!('paper');
    expect(chosen).toHaveLength(3 * 3 * 2 * 2);
    expect(new Set(chosen.map((c) => c.among.length))).toEqual(new Set([4]));
    for (const c of chosen) expect(new Set(c.among.map((a) => a.arm))).toEqual(new Set([c.arm]));
  });

  it('paper’s primary endpoints are those of the recipe nearest to the paper’s, with ERM at the same weight decay', () => {
    const primary = activationVariance.endpoints('paper').filter((e) => e.primary);
    expect(new Set(primary.map((e) => e.condition))).toEqual(
      new Set(
        ['cifar10', 'cifar100'].flatMap((d) =>
          ['resnet18', 'resnet50', 'resnet101'].map((m) => `${d}, ${m}, author-like, wd matched`),
        ),
      ),
    );
    for (const claim of ['3-raw', '3-scale-free', '3-error'])
      expect(primary.filter((e) => e.claim === claim).length).toBeGreaterThan(0);
  });
});

describe('recipes', () => {
  it('decay weights little at 5e-4: 1 % under author-like, 2 % under standard on 45,000 images', () => {
    const dose = (name: keyof typeof recipes): number => {
      const { optimizer, epochs, batchSize } = recipes[name];
      return weightDecayDose({ ...optimizer, weightDecay: 5e-4 }, epochs * Math.ceil(45_000 / batchSize));
    };
    expect(dose('author-like')).toBeCloseTo(0.009, 5);
    expect(dose('standard')).toBeCloseTo(0.0176, 4);
  });
});
