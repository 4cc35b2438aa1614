import type { RunAnalysis } from '@minvar/contracts';
import type { Cell, ChosenArm } from '@minvar/coordination';
import { describe, expect, it } from 'vitest';
import { cellOf, choicesText, choose, runsOf } from './chosen-arms';
import type { Counted } from './chosen-arms';
import { specOf } from './testing/stored-run';

const cell = (decay: string): Cell => ({
  name: `erm, wd ${decay}`,
  condition: `wd ${decay}`,
  arm: 'erm',
  spec: specOf('erm', 0),
});
const cells = ['0', '5e-4', '5e-2'].map(cell);
const run = (of: Cell, seed: number, validation: number | null): Counted => ({
  runId: `${of.name} ${seed}`,
  cell: of,
  method: 'erm',
  seed,
  analysis: {
    metrics: [
      { name: 'error', variant: null, split: 'validation', epoch: 1, selection: 'last', value: validation },
      { name: 'error', variant: null, split: 'test', epoch: 1, selection: 'last', value: 0 },
    ].map((m) => ({ ...m, nonFinite: m.value === null ? ('NaN' as const) : null, perClass: null, perGroup: null })),
  } as unknown as RunAnalysis,
});
const tuned: ChosenArm = {
  condition: 'wd tuned',
  arm: 'erm',
  among: cells,
  metric: 'error',
  split: 'validation',
  selection: 'last',
};
const runs = cells.flatMap((c, i) => [run(c, 100, [0.5, 0.2, 0.1][i]!), run(c, 101, [0.5, 0.2, 0.4][i]!)]);

describe('an arm that is chosen', () => {
  it('is the cell with the lowest mean on validation, its runs under the arm’s own name', () => {
    const choices = choose(runs, [tuned], cells);
    expect(choices.map((c) => [c.cell.name, c.mean])).toEqual([['erm, wd 5e-4', 0.2]]);
    expect(runsOf(runs, choices).map((r) => [r.runId, r.cell.condition, r.cell.arm, r.seed])).toEqual([
      ['erm, wd 5e-4 100', 'wd tuned', 'erm', 100],
      ['erm, wd 5e-4 101', 'wd tuned', 'erm', 101],
    ]);
    expect(cellOf(choices[0]!)).toMatchObject({ name: 'erm, wd 5e-4', condition: 'wd tuned', arm: 'erm' });
    expect(choicesText(choices)).toBe(
      'chosen: erm under wd tuned is erm, wd 5e-4 (mean error on validation 0.2, best of 3)',
    );
  });

  it('is no cell with a run that diverged, and none at all without a validation split', () => {
    const diverged = runs.map((r) => (r.cell === cells[1] && r.seed === 101 ? run(r.cell, 101, null) : r));
    expect(choose(diverged, [tuned], cells)[0]!.cell).toBe(cells[2]);
    expect(choose([], [tuned], cells)).toEqual([]);
    expect(choicesText([])).toBeNull();
  });
});
