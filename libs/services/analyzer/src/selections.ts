import { encodeNumber, decodeNumber } from '@minvar/contracts';
import type { MetricPoint, MetricValue } from '@minvar/contracts';

/** NaN as soon as one value is not finite: a run that diverged has no median. */
const median = (x: readonly number[]): number => {
  if (!x.every(Number.isFinite)) return Number.NaN;
  const s = [...x].sort((a, b) => a - b);
  return s.length % 2 === 1 ? s[(s.length - 1) / 2]! : (s[s.length / 2 - 1]! + s[s.length / 2]!) / 2;
};

const whole = (p: MetricPoint): boolean => p.class === null && p.group === null;

/** The points of each whole-split series, in order of epochs. */
function bySeries(points: readonly MetricPoint[]): Map<string, MetricPoint[]> {
  const series = new Map<string, MetricPoint[]>();
  // only whole epochs: points within one are for live curves
  for (const p of points.filter((q) => whole(q) && Number.isInteger(q.step) && q.step > 0)) {
    const key = JSON.stringify([p.metric, p.variant, p.split]);
    series.set(key, [...(series.get(key) ?? []), p]);
  }
  for (const own of series.values()) own.sort((a, b) => a.step - b.step);
  return series;
}

function valueAt(p: MetricPoint, epoch: number, selection: string, value: number): MetricValue {
  return {
    name: p.metric,
    variant: p.variant,
    split: p.split,
    epoch,
    selection,
    ...encodeNumber(value),
    perClass: null,
    perGroup: null,
  };
}

/** `last-10-median`: for each whole-split series the median of its last ten epochs; the epoch given is the last one. */
export function lastTenMedian(points: readonly MetricPoint[]): MetricValue[] {
  return [...bySeries(points).values()]
    .filter((own) => own.length >= 10)
    .map((own) => valueAt(own.at(-1)!, own.at(-1)!.step, 'last-10-median', median(own.slice(-10).map(decodeNumber))));
}

/**
 * `best-on-validation`: every whole-split series at the epoch with the lowest validation error (the first of equals). Empty
 * without a validation split: nothing is ever chosen on a test split.
 */
export function bestOnValidation(points: readonly MetricPoint[]): MetricValue[] {
  const series = bySeries(points);
  const errors = (series.get(JSON.stringify(['error', null, 'validation'])) ?? []).filter((p) =>
    Number.isFinite(decodeNumber(p)),
  );
  if (errors.length === 0) return [];
  const best = errors.reduce((a, b) => (decodeNumber(b) < decodeNumber(a) ? b : a)).step;
  return [...series.values()].flatMap((own) =>
    own.filter((p) => p.step === best).map((p) => valueAt(p, best, 'best-on-validation', decodeNumber(p))),
  );
}
