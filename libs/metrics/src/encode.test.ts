import { metricPoint, metricValue } from '@minvar/contracts';
import { describe, expect, it } from 'vitest';
import { metricPoints, metricValues } from './encode';
import type { MetricRow } from './fold';

const rows: MetricRow[] = [
  { name: 'error', variant: null, value: 0.25, perClass: [0.5, Number.NaN] },
  { name: 'loss', variant: null, value: Infinity },
  {
    name: 'group-accuracy',
    variant: null,
    value: 1,
    perGroup: [
      { group: 'a/red', count: 3, value: 1 },
      { group: 'a/blue', count: 0, value: Number.NaN },
    ],
  },
];

describe('rows as messages', () => {
  it('values carry non-finite numbers as null beside their name, and fit the contract', () => {
    const values = metricValues(rows, { split: 'test', epoch: 3, selection: 'last' });
    values.forEach((v) => metricValue.parse(v));
    expect(values[0]).toMatchObject({
      name: 'error',
      value: 0.25,
      nonFinite: null,
      perClass: [0.5, null],
      perGroup: null,
    });
    expect(values[1]).toMatchObject({ value: null, nonFinite: 'Infinity', perClass: null });
    expect(values[2]!.perGroup).toEqual([
      { group: 'a/red', count: 3, value: 1 },
      { group: 'a/blue', count: 0, value: null },
    ]);
  });

  it('points name class and group, and leave out those without examples', () => {
    const points = metricPoints(rows, { split: 'test', step: 1 }, ['a', 'b']);
    points.forEach((p) => metricPoint.parse(p));
    expect(points.map((p) => [p.metric, p.class, p.group, p.value])).toEqual([
      ['error', null, null, 0.25],
      ['error', 'a', null, 0.5],
      ['loss', null, null, null],
      ['group-accuracy', null, null, 1],
      ['group-accuracy', null, 'a/red', 1],
    ]);
  });
});
