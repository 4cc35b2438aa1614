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

/** Levels of the training loss (mean −log p_y on the training split, nats) at which runs are compared. */
export const trainLossLevels = [2, 1.5, 1, 0.5, 0.2, 0.1] as const;

/** Metrics that are read off at those levels. */
const matched = ['output-variance', 'activation-variance', 'activation-variance-ratio', 'error'];

/** The live series of the training split: of all of it, or of its first n examples. */
export const isTrain = (split: string): boolean => split === 'train' || split.startsWith('train[');

/**
 * `at-train-loss-<level>`: whole-split series at matched training loss, which is the same number for every method (`loss`, not the
 * loss trained on): linearly between the last epoch above the level and the first at or below it. A run that begins below a level or never
 * reaches it has no value there. `epoch` is that fraction of epochs.
 */
export function atTrainLoss(points: readonly MetricPoint[]): MetricValue[] {
  const series = [...bySeries(points).values()];
  const losses = series.find((own) => own[0]!.metric === 'loss' && own[0]!.variant === null && isTrain(own[0]!.split));
  if (!losses) return [];
  const loss = losses.map(decodeNumber);
  return trainLossLevels.flatMap((level) => {
    const at = loss.findIndex((v) => v <= level);
    if (at <= 0 || !(loss[at - 1]! > level)) return [];
    const [before, after] = [losses[at - 1]!.step, losses[at]!.step];
    const share = (loss[at - 1]! - level) / (loss[at - 1]! - loss[at]!);
    const epoch = before + share * (after - before);
    return series
      .filter((own) => matched.includes(own[0]!.metric) && own[0]!.variant === null)
      .flatMap((own) => {
        const [from, to] = [own.find((p) => p.step === before), own.find((p) => p.step === after)];
        if (!from || !to) return [];
        const value = (1 - share) * decodeNumber(from) + share * decodeNumber(to);
        const found = valueAt(to, epoch, `at-train-loss-${level}`, value);
        // Variances are compared by logarithm too.
        const log = { ...found, variant: 'log', ...encodeNumber(Math.log(value)) };
        return found.name === 'error' ? [found] : [found, log];
      });
  });
}
