import type { MetricValue } from '@minvar/contracts';
import { describe, expect, it } from 'vitest';
import { fitMessage } from './fit-message';

const metric = (name: string, variant: string | null, selection = 'last'): MetricValue => ({
  name,
  variant,
  split: 'test',
  epoch: 1,
  selection,
  value: 0.5,
  nonFinite: null,
  perClass: [0.1, 0.2],
  perGroup: [{ group: '0/red', count: 3, value: 0.25 }],
});
const bytes = (m: MetricValue[]): number => Buffer.byteLength(JSON.stringify(m));
const all = [
  metric('error', null),
  metric('activation-variance', 'pooled/trace/n'),
  metric('error', null, 'last-10-median'),
];

describe('metrics for a message', () => {
  it('are left alone when they fit', () => {
    expect(fitMessage(all)).toEqual(all);
  });
  it('lose the groups of secondary variants first, values last', () => {
    const once = fitMessage(all, bytes(all) - 1);
    expect(once.map((m) => m.perGroup === null)).toEqual([false, true, false]);
    expect(once.map((m) => m.perClass === null)).toEqual([false, false, false]);
    const bare = [{ ...all[0]!, perClass: null, perGroup: null }];
    expect(fitMessage(all, bytes(bare))).toEqual(bare);
  });
  it('keep classes and groups of the main variant before values of variants under re-estimated statistics', () => {
    const twins = [metric('error', '@re-estimated'), metric('activation-variance', 'pooled/trace/n@re-estimated')];
    const bare = twins.map((m) => ({ ...m, perClass: null, perGroup: null }));
    const fitting = fitMessage([all[0]!, ...twins], bytes([all[0]!, bare[0]!]));
    expect(fitting).toEqual([all[0], bare[0]]);
  });
  it('are an error when even the values do not fit', () => {
    expect(() => fitMessage(all, 10)).toThrow(/do not fit a message of 10 bytes/);
  });
});
