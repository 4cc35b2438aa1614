import { decodeNumber } from '@minvar/contracts';
import type { FailureSign, MetricPoint, MetricValue } from '@minvar/contracts';
import { isTrain } from './selections';

interface Series {
  readonly steps: number[];
  readonly values: number[];
}

/** The series of a metric on the training split as a whole (no variant, class or group), one value a finished epoch, in order. */
function trainSeries(points: readonly MetricPoint[], metric: string): Series {
  const own = points
    .filter(
      (p) =>
        p.metric === metric &&
        isTrain(p.split) &&
        p.variant === null &&
        p.class === null &&
        p.group === null &&
        Number.isInteger(p.step) &&
        p.step > 0,
    )
    .sort((a, b) => a.step - b.step);
  return { steps: own.map((p) => p.step), values: own.map(decodeNumber) };
}

const mean = (x: readonly number[]): number => x.reduce((a, b) => a + b, 0) / x.length;
const lastQuarter = (x: readonly number[]): number[] => x.slice(-Math.max(1, Math.floor(x.length / 4)));
const short = (x: number): string => String(Number(x.toPrecision(3)));

/** Residuals of a straight line fitted by least squares. */
export function detrend({ steps, values }: Series): number[] {
  const [ms, mv] = [mean(steps), mean(values)];
  const sxx = steps.reduce((s, x) => s + (x - ms) ** 2, 0);
  const slope = sxx === 0 ? 0 : steps.reduce((s, x, i) => s + (x - ms) * (values[i]! - mv), 0) / sxx;
  return values.map((v, i) => v - mv - slope * (steps[i]! - ms));
}

function persisting(points: readonly MetricPoint[]): FailureSign[] {
  const { values, steps } = trainSeries(points, 'activation-variance-ratio');
  if (values.length < 4 || !values.every(Number.isFinite)) return [];
  const ratio = mean(lastQuarter(values)) / values[0]!;
  if (!(ratio >= 0.9)) return [];
  return [
    {
      name: 'persisting',
      epoch: steps.at(-1)!,
      because: `the within-class share of variance on train ends at ${short(100 * ratio)} % of its first value (90 % or more counts)`,
    },
  ];
}

function oscillating(points: readonly MetricPoint[], metric: string): FailureSign[] {
  const series = trainSeries(points, metric);
  if (series.values.length < 8 || !series.values.every(Number.isFinite)) return [];
  const residuals = detrend(series);
  const differences = residuals.slice(1).map((r, i) => r - residuals[i]!);
  const changes = differences.slice(1).filter((d, i) => d * differences[i]! < 0).length;
  const rate = changes / (differences.length - 1);
  const amplitude = (Math.max(...residuals) - Math.min(...residuals)) / Math.abs(mean(series.values));
  if (!(rate > 0.6 && amplitude > 0.1)) return [];
  return [
    {
      name: 'oscillating',
      epoch: null,
      because: `${metric} on train changes direction at ${short(100 * rate)} % of its epochs around its trend, over ${short(100 * amplitude)} % of its mean (60 % and 10 % count)`,
    },
  ];
}

function losing(points: readonly MetricPoint[]): FailureSign[] {
  const { steps, values } = trainSeries(points, 'loss');
  const broken = values.findIndex((v) => !Number.isFinite(v));
  if (broken >= 0)
    return [{ name: 'non-finite', epoch: steps[broken]!, because: `the training loss is ${values[broken]}` }];
  if (values.length < 4 || mean(lastQuarter(values)) <= values[0]!) return [];
  return [
    {
      name: 'diverging',
      epoch: steps.at(-1)!,
      because: `the training loss ends at ${short(mean(lastQuarter(values)))}, above its first value ${short(values[0]!)}`,
    },
  ];
}

/** Splits of the training distribution, where a class should not fail alone. */
const inDistribution = ['train', 'validation', 'test', 'test-same'];

function collapsed(metrics: readonly MetricValue[], classes: readonly string[]): FailureSign[] {
  return metrics
    .filter(
      (m) =>
        m.name === 'error' &&
        m.variant === null &&
        m.selection === 'last' &&
        inDistribution.includes(m.split) &&
        m.value !== null &&
        m.value <= 0.5,
    )
    .flatMap((m) => {
      const accuracy = 1 - m.value!;
      return (m.perClass ?? []).flatMap((error, k) =>
        error !== null && 1 - error < accuracy / 2
          ? [
              {
                name: 'collapsed-class',
                epoch: m.epoch,
                because: `class ${classes[k] ?? k} is right in ${short(100 * (1 - error))} % on ${m.split}, where all together are in ${short(100 * accuracy)} %`,
              },
            ]
          : [],
      );
    });
}

/**
 * Failure signs of one run (science: "failure signs"), from its series and its final metrics. `worse than ERM` needs other runs
 * and is part of the judgement.
 */
export function failureSigns(
  points: readonly MetricPoint[],
  metrics: readonly MetricValue[],
  classes: readonly string[],
): FailureSign[] {
  return [
    ...losing(points),
    ...persisting(points),
    ...oscillating(points, 'activation-variance-ratio'),
    ...oscillating(points, 'loss'),
    ...collapsed(metrics, classes),
  ];
}
