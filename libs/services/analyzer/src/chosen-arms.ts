import { decodeNumber } from '@minvar/contracts';
import type { RunAnalysis } from '@minvar/contracts';
import type { ArmOf, Cell, ChosenArm } from '@minvar/coordination';

/** A run that counts: it succeeded and was measured. */
export interface Counted {
  readonly runId: string;
  readonly cell: Cell;
  readonly method: string;
  readonly seed: number;
  readonly analysis: RunAnalysis;
}

/** A choice that was made: which cell the arm stands for, and the mean it was chosen by. */
export interface Choice {
  readonly asked: ChosenArm;
  readonly cell: Cell;
  readonly mean: number;
}

/** Mean over seeds of the deciding metric; NaN where a run lacks it or it is not finite, for then the cell is no candidate. */
function meanOf(runs: readonly Counted[], { condition, arm }: ArmOf, asked: ChosenArm): number {
  const own = runs.filter((r) => r.cell.condition === condition && r.cell.arm === arm);
  const values = own.map(({ analysis }) => {
    const found = analysis.metrics.find(
      (m) =>
        m.name === asked.metric && m.variant === null && m.split === asked.split && m.selection === asked.selection,
    );
    return found ? decodeNumber(found) : Number.NaN;
  });
  return values.reduce((s, v) => s + v / values.length, values.length === 0 ? Number.NaN : 0);
}

/** Decides every choice: the lowest mean, the first of equals. A choice among cells without any mean is left out. */
export function choose(runs: readonly Counted[], asked: readonly ChosenArm[], cells: readonly Cell[]): Choice[] {
  return asked.flatMap((a) => {
    const candidates = a.among
      .map((from) => ({
        cell: cells.find((c) => c.condition === from.condition && c.arm === from.arm)!,
        mean: meanOf(runs, from, a),
      }))
      .filter((c) => Number.isFinite(c.mean));
    if (candidates.length === 0) return [];
    return [{ asked: a, ...candidates.reduce((best, c) => (c.mean < best.mean ? c : best)) }];
  });
}

/** The chosen cell under the arm's own name. */
export const cellOf = ({ asked, cell }: Choice): Cell => ({ ...cell, condition: asked.condition, arm: asked.arm });

/** The chosen cells' runs once more, under the names of the arms that they stand for. */
export const runsOf = (runs: readonly Counted[], choices: readonly Choice[]): Counted[] =>
  choices.flatMap((c) => runs.filter((r) => r.cell.name === c.cell.name).map((r) => ({ ...r, cell: cellOf(c) })));

/** What was chosen, in words; null where nothing was. */
export function choicesText(choices: readonly Choice[]): string | null {
  if (choices.length === 0) return null;
  const one = ({ asked, cell, mean }: Choice): string =>
    `${asked.arm} under ${asked.condition} is ${cell.name} (mean ${asked.metric} on ${asked.split} ${Number(mean.toPrecision(3))}, best of ${asked.among.length})`;
  return `chosen: ${choices.map(one).join(', ')}`;
}
