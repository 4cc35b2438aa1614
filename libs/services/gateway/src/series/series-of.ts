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
  const points = await readModel.queries.points(series.id);
  const how = args.downsampling ?? 'MIN_MAX';
  if (how === 'NONE' && points.length > budget) {
    throw badInput(
      `maxPoints: the series has ${points.length} points, more than ${budget}; ask for more, or downsample by MIN_MAX or LTTB`,
    );
  }
  const kept = downsample(
    points.map((p) => p.step),
    points.map((p) => p.value ?? Number.NaN),
    budget,
    how,
  ).map((i) => points[i]!);
  return { ...series, total: points.length, ...columns(kept) };
}

/** Points as parallel lists; the names of non-finite values only where there are some. */
export function columns(points: readonly { step: number; value: number | null; non_finite: string | null }[]) {
  const nonFinite = points.some((p) => p.non_finite !== null) ? points.map((p) => p.non_finite) : null;
  return { steps: points.map((p) => p.step), values: points.map((p) => p.value), nonFinite };
}
