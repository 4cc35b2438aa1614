import type { Curve } from '@minvar/read-model';
import type { Context } from '../context';
import { badInput } from '../errors';
import type { Downsampling } from './downsample';
import { downsample } from './downsample';

export interface SeriesArgs {
  readonly metric: string;
  readonly split?: string | null;
  readonly variant?: string | null;
  readonly class?: string | null;
  readonly group?: string | null;
  readonly maxPoints?: number | null;
  readonly downsampling?: Downsampling | null;
}

export const maxSeriesPoints = 5000;

/** A run's curve, thinned to what was asked for. `total` counts the points there are. */
export async function seriesOf(runId: string, args: SeriesArgs, { options: { readModel } }: Context) {
  const budget = args.maxPoints ?? 1000;
  if (budget < 1 || budget > maxSeriesPoints) {
    throw badInput(
      `maxPoints: ${budget} is out of range; ask for 1 to ${maxSeriesPoints}, more comes by the Parquet artifact`,
    );
  }
  const series = await readModel.queries.series({
    runId,
    metric: args.metric,
    split: args.split ?? null,
    variant: args.variant ?? null,
    class: args.class ?? null,
    group: args.group ?? null,
  });
  if (!series) return null;
  const curve = await readModel.queries.points(series.id);
  const how = args.downsampling ?? 'MIN_MAX';
  const total = curve.steps.length;
  if (how === 'NONE' && total > budget) {
    throw badInput(
      `maxPoints: the series has ${total} points, more than ${budget}; ask for more, or downsample by MIN_MAX or LTTB`,
    );
  }
  const kept = downsample(
    curve.steps,
    curve.values.map((v) => v ?? Number.NaN),
    budget,
    how,
  );
  return { ...series, total, ...shown(curve, kept) };
}

/** Points as parallel lists, those at `kept` if given; the names of non-finite values only where there are some. */
export function shown(curve: Curve, kept: readonly number[] | null = null) {
  const pick = <T>(list: readonly T[]): T[] => (kept ? kept.map((i) => list[i]!) : [...list]);
  const nonFinite = pick(curve.nonFinite);
  return {
    steps: pick(curve.steps),
    values: pick(curve.values),
    nonFinite: nonFinite.some((n) => n !== null) ? nonFinite : null,
  };
}
