/** What a curve shows. */
export interface CurveKey {
  readonly metric: string;
  readonly variant: string | null;
  readonly split: string;
}

export const keyText = (k: CurveKey): string => [k.metric, k.variant, k.split].filter(Boolean).join(' · ');
export const sameKey = (a: CurveKey, b: CurveKey): boolean =>
  a.metric === b.metric && (a.variant ?? null) === (b.variant ?? null) && a.split === b.split;

/** step (epochs) → value; null where the value was not finite */
export type Points = ReadonlyMap<number, number | null>;

/** Adds points; a step that comes again replaces the old one, so that overlaps do no harm. */
export function withPoints(points: Points, steps: readonly number[], values: readonly (number | null)[]): Points {
  const next = new Map(points);
  steps.forEach((s, i) => next.set(s, values[i] ?? null));
  return next;
}

/** Columns for the plot, by step. */
export function columnsOf(points: Points): [number[], (number | null)[]] {
  const sorted = [...points].sort(([a], [b]) => a - b);
  return [sorted.map(([s]) => s), sorted.map(([, v]) => v)];
}
