import type { MetricPoint, MetricValue } from '@minvar/contracts';
import { describe, expect, it } from 'vitest';
import { detrend, failureSigns } from './signs';

const series = (metric: string, values: number[]): MetricPoint[] =>
  values.map((v, i) => ({
    metric,
    variant: null,
    split: 'train',
    class: null,
    group: null,
    step: i + 1,
    value: Number.isFinite(v) ? v : null,
    nonFinite: Number.isFinite(v) ? null : 'NaN',
  }));
const names = (points: MetricPoint[], metrics: MetricValue[] = []): string[] =>
  failureSigns(points, metrics, ['a', 'b']).map((s) => s.name);
const decay = Array.from({ length: 20 }, (_, i) => Math.exp(-i / 5));

describe('failure signs', () => {
  it('stay silent on a run that goes well', () => {
    expect(
      names([
        ...series('loss', decay),
        ...series(
          'activation-variance-ratio',
          decay.map((x) => 0.2 + 0.5 * x),
        ),
      ]),
    ).toEqual([]);
  });
  it('see a variance that persists', () => {
    expect(names(series('activation-variance-ratio', [0.6, 0.58, 0.57, 0.57, 0.58, 0.57]))).toEqual(['persisting']);
    expect(names(series('activation-variance-ratio', [0.6, 0.58, 0.57, 0.5, 0.51, 0.5]))).toEqual([]);
  });
  it('read whole epochs only, of the training split or of its first examples', () => {
    const persisting = series('activation-variance-ratio', [0.6, 0.58, 0.57, 0.57]);
    const part = persisting.map((p) => ({ ...p, split: 'train[:5000]' }));
    expect(names(part)).toEqual(['persisting']);
    expect(names(persisting.map((p) => ({ ...p, split: 'test' })))).toEqual([]);
    // before training the share was tiny: no epoch
    expect(names([...part, { ...part[0]!, step: 0, value: 0.001 }, { ...part[0]!, step: 0.5, value: 9 }])).toEqual([
      'persisting',
    ]);
  });
  it('see an oscillation around a trend, not the trend, and not a small one', () => {
    const zigzag = (size: number): number[] => decay.map((x, i) => 0.2 + 0.5 * x + (i % 2 === 0 ? size : -size));
    expect(names(series('loss', zigzag(0.08)))).toEqual(['oscillating']);
    expect(
      names(
        series(
          'loss',
          Array.from({ length: 20 }, (_, i) => 10 - 0.1 * i + (i % 2 === 0 ? 0.02 : -0.02)),
        ),
      ),
    ).toEqual([]);
  });
  it('see a loss that is no number, with its epoch, and one that grows', () => {
    expect(failureSigns(series('loss', [1, 0.5, NaN]), [], [])).toEqual([
      { name: 'non-finite', epoch: 3, because: 'the training loss is NaN' },
    ]);
    expect(names(series('loss', [1, 0.9, 2, 3]))).toEqual(['diverging']);
  });
  it('see a class that fails inside a good mean, on splits of the training distribution only', () => {
    const error = (split: string, value: number, perClass: number[]): MetricValue => ({
      name: 'error',
      variant: null,
      split,
      epoch: 3,
      selection: 'last',
      value,
      nonFinite: null,
      perClass,
      perGroup: null,
    });
    expect(failureSigns([], [error('test', 0.2, [0.02, 0.7])], ['a', 'b'])).toEqual([
      {
        name: 'collapsed-class',
        epoch: 3,
        because: 'class b is right in 30 % on test, where all together are in 80 %',
      },
    ]);
    expect(names([], [error('test-reversed', 0.2, [0.02, 0.7]), error('test', 0.6, [0.2, 1])])).toEqual([]);
  });
  it('detrends by least squares: residuals of a line are zero and any residuals are orthogonal to it', () => {
    const steps = [1, 2, 4, 8];
    for (const r of detrend({ steps, values: steps.map((x) => 3 * x - 1) })) expect(r).toBeCloseTo(0, 12);
    const r = detrend({ steps, values: [1, -2, 0.5, 4] });
    expect(r.reduce((a, b) => a + b)).toBeCloseTo(0, 12);
    expect(r.reduce((a, b, i) => a + b * steps[i]!, 0)).toBeCloseTo(0, 12);
  });
});
