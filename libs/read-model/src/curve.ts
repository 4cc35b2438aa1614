import type { RawBuilder } from 'kysely';
import { sql } from 'kysely';

/** Points as parallel lists. A value that is no finite number is null, its name stands in `nonFinite`. */
export interface Curve {
  readonly steps: number[];
  readonly values: (number | null)[];
  readonly nonFinite: (string | null)[];
}

/** A chunk of a curve as SQL gives it: numbers joined by commas, which is read five times as fast as an array. */
export interface ChunkText {
  readonly steps: string;
  readonly vals: string;
}

/** The columns of `ChunkText`, of the table `p`; a value that is missing is empty. */
export const chunkText: RawBuilder<unknown> = sql`array_to_string(p.steps, ',') as steps, array_to_string(p.vals, ',', '') as vals`;

/** The points of chunks in order. Of several points of one step the first counts. */
export function curveOf(chunks: readonly ChunkText[]): Curve {
  const at = new Map<number, string>();
  let isSorted = true;
  let last = -Infinity;
  for (const chunk of chunks) {
    const vals = chunk.vals.split(',');
    chunk.steps.split(',').forEach((text, i) => {
      const step = Number(text);
      if (at.has(step)) return;
      at.set(step, vals[i]!);
      isSorted &&= step > last;
      last = step;
    });
  }
  const points = isSorted ? [...at] : [...at].sort(([a], [b]) => a - b);
  const curve: Curve = { steps: [], values: [], nonFinite: [] };
  for (const [step, text] of points) {
    const value = text === '' ? null : Number(text);
    const isFinite = value !== null && Number.isFinite(value);
    curve.steps.push(step);
    curve.values.push(isFinite ? value : null);
    curve.nonFinite.push(isFinite || value === null ? null : text);
  }
  return curve;
}
