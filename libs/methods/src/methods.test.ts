import { stream } from '@minvar/random';
import { describe, expect, it } from 'vitest';
import { completeMethodParameters, findMethod, methodParametersSchema } from './complete';
import { labelSmoothing } from './label-smoothing';
import { mixup } from './mixup';
import { methods } from './registry.gen';

const mix = (epoch = 0, step = 0) => stream({ seed: 100, purpose: 'mix', epoch, step });

describe('method parameters', () => {
  it('have defaults that are complete, and a JSON schema that names them', () => {
    for (const method of Object.values(methods)) {
      const complete = completeMethodParameters(method as never, {});
      const schema = methodParametersSchema(method as never) as { properties?: object };
      expect(Object.keys(schema.properties ?? {})).toEqual(Object.keys(complete));
      expect(completeMethodParameters(method as never, complete)).toEqual(complete);
    }
    expect(completeMethodParameters(labelSmoothing, {})).toEqual({ alpha: 0.1, convention: 'all' });
    expect(completeMethodParameters(mixup, {})).toEqual({ alpha: 1, lambda: 'batch' });
  });

  it('are refused by name and value', () => {
    expect(() => completeMethodParameters(labelSmoothing, { alpha: 1.5 })).toThrow(/label-smoothing.*alpha is 1\.5/);
    expect(() => completeMethodParameters(labelSmoothing, { alpha: Number.NaN })).toThrow(/alpha is/);
    expect(() => completeMethodParameters(mixup, { beta: 1 })).toThrow(
      /no parameter 'beta' \(parameters: alpha, lambda\)/,
    );
    expect(() => findMethod('mix-up')).toThrow("method 'mix-up' is unknown; there are erm, label-smoothing, mixup");
  });
});

describe('mixup draws', () => {
  it('one λ a batch, a permutation of the batch, the same for the same step', () => {
    const draw = mixup.draw({ alpha: 1, lambda: 'batch' }, 128, mix(3, 7))!;
    expect(new Set(draw.lambda).size).toBe(1);
    expect([...draw.partner].sort((a, b) => a - b)).toEqual(Array.from({ length: 128 }, (_, i) => i));
    expect(mixup.draw({ alpha: 1, lambda: 'batch' }, 128, mix(3, 7))).toEqual(draw);
    expect(mixup.draw({ alpha: 1, lambda: 'batch' }, 128, mix(3, 8))).not.toEqual(draw);
  });

  it('one λ an example when asked, from Beta(a, a)', () => {
    const { lambda } = mixup.draw({ alpha: 0.4, lambda: 'example' }, 4000, mix())!;
    expect(new Set(lambda).size).toBeGreaterThan(3000);
    const mean = lambda.reduce((a, b) => a + b, 0) / lambda.length;
    const variance = lambda.reduce((a, b) => a + (b - mean) ** 2, 0) / lambda.length;
    expect(mean).toBeCloseTo(0.5, 1);
    // Beta(a, a) has variance 1 / (4 (2a + 1))
    expect(Math.abs(variance - 1 / 7.2)).toBeLessThan(0.01);
  });

  it('have the same partners whichever λ is drawn', () => {
    const batch = mixup.draw({ alpha: 1, lambda: 'batch' }, 16, mix())!;
    const example = mixup.draw({ alpha: 0.2, lambda: 'example' }, 16, mix())!;
    expect(example.partner).toEqual(batch.partner);
  });

  it('λ = 1 at a = 0', () => {
    expect([...mixup.draw({ alpha: 0, lambda: 'example' }, 3, mix())!.lambda]).toEqual([1, 1, 1]);
  });
});
