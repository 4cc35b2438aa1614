import { stream } from '@minvar/random';
import { describe, expect, it } from 'vitest';
import { createMetricFold } from './fold';
import type { ClassMoments } from './folds/moments';
import type { Scatter } from './folds/scatter';
import { scatterFromGram } from './scatter-from-gram';

describe('scatter from a Gram matrix', () => {
  it('is the scatter folded example by example, whatever the shift', () => {
    const random = stream({ seed: 8, purpose: 'data' });
    const [n, D] = [60, 4];
    const labels = Int32Array.from({ length: n }, (_, i) => i % 3);
    const activations = Float64Array.from(
      { length: n * D },
      (_, at) => 5 + (at % D) * random.normal() + labels[Math.floor(at / D)]!,
    );
    const fold = createMetricFold({
      context: { classes: ['a', 'b', 'c'], attributes: [], smoothing: { alpha: 0, convention: 'all' } },
      split: 'test',
      metrics: ['variance-spectrum', 'activation-variance'],
    });
    fold.add({ labels, activations });
    const shift = Float64Array.of(5, 4, 6, 5.5);
    const gram = new Float64Array(D * D);
    for (let i = 0; i < n; i++)
      for (let a = 0; a < D; a++)
        for (let b = 0; b < D; b++)
          gram[a * D + b]! += (activations[i * D + a]! - shift[a]!) * (activations[i * D + b]! - shift[b]!);
    const expected = fold.statistics.get('scatter') as Scatter;
    const found = scatterFromGram(
      gram,
      shift,
      fold.statistics.get('activations') as ClassMoments,
      expected.byAttribute,
    );
    found.within.forEach((v, i) => expect(v).toBeCloseTo(expected.within[i]!, 9));
    expect([...found.counts]).toEqual([...expected.counts]);
  });
});
