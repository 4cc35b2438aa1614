import { stream } from '@minvar/random';
import { describe, expect, it } from 'vitest';
import type { MetricContext } from './batch';
import { createMetricFold } from './fold';

const context = (classes: number, more: Partial<MetricContext> = {}): MetricContext => ({
  classes: Array.from({ length: classes }, (_, k) => String(k)),
  attributes: [],
  smoothing: { alpha: 0, convention: 'all' },
  ...more,
});
const names = ['nc1', 'nc2', 'nc3', 'nc4', 'cdnv', 'variance-spectrum'];

function measured(c: MetricContext, labels: Int32Array, activations: Float64Array): Map<string, number> {
  const first = createMetricFold({ context: c, split: 'train', metrics: names });
  first.add({ labels, activations });
  const second = first.again();
  second?.add({ labels, activations });
  return new Map(
    [...first.rows(), ...(second?.rows() ?? [])].map((r) => [
      r.name + (r.variant === null ? '' : ` ${r.variant}`),
      r.value,
    ]),
  );
}

describe('neural collapse', () => {
  it('is complete on a simplex: all distances 0, whatever its scale and place', () => {
    const K = 5;
    // Rows e_k − 1/K are a simplex equiangular tight frame in K dimensions.
    const simplex = Float64Array.from({ length: K * K }, (_, i) => (i % K === Math.floor(i / K) ? 1 : 0) - 1 / K);
    const labels = Int32Array.from({ length: 3 * K }, (_, i) => i % K);
    const activations = Float64Array.from(
      { length: 3 * K * K },
      (_, i) => 7 + 3 * simplex[labels[Math.floor(i / K)]! * K + (i % K)]!,
    );
    const rows = measured(context(K, { lastLayer: simplex.map((v) => 0.1 * v) }), labels, activations);
    for (const [name, value] of rows) {
      if (/^(nc|cdnv)/.test(name)) expect(value, name).toBeCloseTo(name === 'nc3 alignment' ? 1 : 0, 12);
    }
    expect(rows.get('variance-spectrum')).toBeCloseTo(0, 12);
    expect(rows.get('variance-spectrum rank')).toBe(K - 1);
    expect(rows.get('variance-spectrum effective-rank')).toBeCloseTo(K - 1, 10);
  });

  it('of two Gaussian classes has the numbers of their distribution', () => {
    // Means ±m e_1, covariance diag(σ²): tr(S_W S_B⁺) = σ_1²/m², CDNV = Σσ²/(4m²), spectrum σ_1²/(σ_1² + m²).
    const random = stream({ seed: 4, purpose: 'data' });
    const [n, m, deviations] = [40_000, 1.5, [0.5, 2, 1]];
    const labels = Int32Array.from({ length: n }, (_, i) => i % 2);
    const activations = Float64Array.from(
      { length: 3 * n },
      (_, i) => deviations[i % 3]! * random.normal() + (i % 3 === 0 ? (2 * labels[Math.floor(i / 3)]! - 1) * m : 0),
    );
    const rows = measured(context(2), labels, activations);
    const near = (name: string, expected: number): void =>
      expect(Math.abs(rows.get(name)! / expected - 1), name).toBeLessThan(0.03);
    near('nc1', 0.25 / 2.25);
    near('nc1 /K', 0.25 / 4.5);
    near('cdnv', 5.25 / 9);
    near('variance-spectrum', 0.25 / 2.5);
    near('variance-spectrum participation-ratio', 7.5 ** 2 / (2.5 ** 2 + 16 + 1));
  });

  it('ignores directions in which nothing varies, and a class without examples', () => {
    const labels = Int32Array.of(0, 0, 1, 1);
    // third column constant, fourth twice the first
    const activations = Float64Array.of(0, 1, 5, 0, 2, 1, 5, 4, 10, 3, 5, 20, 12, 7, 5, 24);
    const rows = measured(context(3), labels, activations);
    expect(rows.get('variance-spectrum rank')).toBe(2);
    expect(rows.get('nc1')).toBeGreaterThan(0);
    for (const name of ['nc1', 'cdnv', 'nc2', 'nc4 error', 'variance-spectrum'])
      expect(rows.get(name), name).not.toBeNaN();
    expect(rows.get('nc4 error')).toBe(0);
  });

  it('has no value where all class means are one', () => {
    const rows = measured(context(2), Int32Array.of(0, 0, 1, 1), Float64Array.of(-1, 1, -1, 1));
    expect(rows.has('nc1')).toBe(false);
    expect(rows.get('cdnv')).toBe(Infinity);
  });
});
