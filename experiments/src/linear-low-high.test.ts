import { judge } from '@minvar/metrics';
import { describe, expect, it } from 'vitest';
import { linearLowHigh } from './linear-low-high';

const { endpoints, rows } = linearLowHigh.exact!('quick');
const row = (problem: string, arm: string): Readonly<Record<string, number>> =>
  rows.find((r) => r.problem === problem && r.arm === arm)!.quantities;

describe('linear-low-high', () => {
  it.each([
    ['erm, λ 1e-2', 0.95479, 2.47949, 0.87087, 0.054671],
    ['erm, λ 1e-3', 1.52486, 3.73046, 0.85684, 0.01118],
    ['label-smoothing, λ 0', 5.88888, 0, 0, 0.198515],
    ['label-smoothing, λ 1e-3', 2.23555, 1.19603, 0.22253, 0.205006],
    ['label-smoothing, λ 1e-2', 0.80322, 1.56155, 0.79077, 0.221432],
    ['mixup, λ 0', 7.08457, 0, 0, 0.273899],
    ['mixup, λ 1e-3', 2.64468, 1.39343, 0.21728, 0.283126],
  ])('its table has the exact optimum of %s', (arm, low, high, share, objective) => {
    const q = row('toy', arm);
    expect([q.low, q.high, q['high-weight-share'], q.objective]).toEqual(
      [low, high, share, objective].map((v) => expect.closeTo(v, 5)),
    );
  });

  it('its series in the deviation of L has the published ratios', () => {
    const ratios = [0, 0.05, 0.1, 0.2, 0.3].map((s) => {
      const q = row(`x_L = 0.5y ± ${s}`, 'label-smoothing, λ 0');
      return q.high! / q.low!;
    });
    expect(ratios).toEqual([0, 0.0809, 0.3245, 1.3331, 3.0402].map((v) => expect.closeTo(v, 4)));
  });

  it('on standardised inputs ERM keeps .4352 on H', () => {
    expect(row('standardised inputs', 'erm, λ 1e-3')['high-weight-share']).toBeCloseTo(0.4352, 4);
  });

  it('names each row once', () => {
    expect(new Set(rows.map((r) => `${r.problem}\n${r.arm}`)).size).toBe(rows.length);
    for (const r of rows) for (const v of Object.values(r.quantities)) expect(v).toBeTypeOf('number');
  });

  it('is judged from exact endpoints: the toy is where claim 2 holds, its conditions are needed', () => {
    const results = endpoints.map((endpoint) => ({
      kind: 'exact' as const,
      endpoint,
      a: endpoint.valueA,
      b: endpoint.valueB,
    }));
    const { verdicts, comparisons } = judge({ claims: linearLowHigh.claims.map((c) => c.id), results });
    expect(verdicts.map((v) => [v.claim, v.verdict])).toEqual([
      ['2', 'SUPPORTED'],
      ['2-conditions', 'SUPPORTED'],
    ]);
    for (const c of comparisons) expect(c).toMatchObject({ seeds: 0, test: 'exact', low: null, p: null });
  });

  it('trains the table’s rows at twice their λ, since both weight vectors decay', () => {
    for (const { arm, spec } of linearLowHigh.presets.quick!.cells) {
      expect(arm).toBe(
        `${spec.method.name}, λ ${spec.optimizer!.weightDecay === 0 ? '0' : (spec.optimizer!.weightDecay! / 2).toExponential()}`,
      );
      expect(spec.batchSize).toBe(42);
    }
  });
});
