import type { MetricPoint } from '@minvar/contracts';
import { describe, expect, it } from 'vitest';
import { atTrainLoss, bestOnValidation, lastTenMedian } from './selections';

const series = (metric: string, split: string, values: number[]): MetricPoint[] =>
  values.map((value, i) => ({
    metric,
    variant: null,
    split,
    class: null,
    group: null,
    step: i + 1,
    value,
    nonFinite: null,
  }));

describe('selections from a series', () => {
  it('last-10-median is the median of the last ten epochs, and needs ten', () => {
    const values = [9, 9, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
    expect(lastTenMedian(series('error', 'test', values))).toEqual([
      {
        name: 'error',
        variant: null,
        split: 'test',
        epoch: 12,
        selection: 'last-10-median',
        value: 5.5,
        nonFinite: null,
        perClass: null,
        perGroup: null,
      },
    ]);
    expect(lastTenMedian(series('error', 'test', values.slice(0, 9)))).toEqual([]);
  });
  it('best-on-validation reads every series at the epoch with the lowest validation error', () => {
    const chosen = bestOnValidation([
      ...series('error', 'validation', [0.5, 0.2, 0.2, 0.3]),
      ...series('error', 'test', [0.4, 0.35, 0.1, 0.2]),
    ]);
    expect(chosen.map((m) => [m.split, m.epoch, m.value])).toEqual([
      ['validation', 2, 0.2],
      ['test', 2, 0.35],
    ]);
  });
  it('never chooses on a test split', () => {
    expect(bestOnValidation(series('error', 'test', [0.4, 0.1]))).toEqual([]);
  });
  it('leaves points within an epoch, of classes and of groups out', () => {
    const point = series('error', 'test', [0.1])[0]!;
    const others = [
      { ...point, step: 0.5 },
      { ...point, class: '3' },
      { ...point, group: '3/red' },
    ];
    expect(
      lastTenMedian(
        Array.from({ length: 10 }, (_, i) => others.map((p) => ({ ...p, step: p.step + i })))
          .flat()
          .filter((p) => !Number.isInteger(p.step) || p.class || p.group),
      ),
    ).toEqual([]);
  });
  it('at-train-loss reads series between the epochs around a level, on every split, and has none where it is not crossed', () => {
    const found = atTrainLoss([
      ...series('loss', 'train[:5000]', [2.5, 1.5, 0.75, 0.25]),
      ...series('output-variance', 'train[:5000]', [0.1, 0.2, 0.4, 0.8]),
      ...series('output-variance', 'test', [1, 2, 3, 5]),
      ...series('bound-slack', 'test', [1, 2, 3, 5]),
    ]);
    const plain = found.filter((m) => m.variant === null && m.selection !== 'at-train-loss-1.5');
    for (const m of plain)
      expect(found.find((f) => f.variant === 'log' && f.selection === m.selection && f.split === m.split)!.value).toBe(
        Math.log(m.value!),
      );
    expect(plain.map((m) => [m.selection, m.split, m.epoch, m.value])).toEqual([
      ['at-train-loss-2', 'train[:5000]', 1.5, expect.closeTo(0.15, 12)],
      ['at-train-loss-2', 'test', 1.5, 1.5],
      ['at-train-loss-1', 'train[:5000]', expect.closeTo(2 + 2 / 3, 12), expect.closeTo(0.2 + (0.2 * 2) / 3, 12)],
      ['at-train-loss-1', 'test', expect.closeTo(2 + 2 / 3, 12), expect.closeTo(2 + 2 / 3, 12)],
      ['at-train-loss-0.5', 'train[:5000]', 3.5, expect.closeTo(0.6, 12)],
      ['at-train-loss-0.5', 'test', 3.5, 4],
    ]);
    expect(atTrainLoss(series('loss', 'test', [2, 0.1]))).toEqual([]);
  });
});
