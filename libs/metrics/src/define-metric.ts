import type { MetricContext } from './batch';
import type { StatisticName, Statistics } from './folds';

/** One measured number of a metric, with its parts. Values may be NaN or infinite. */
export interface Measurement {
  /** null: the metric's main variant */
  readonly variant: string | null;
  readonly value: number;
  /** one number a class; NaN for a class without examples */
  readonly perClass?: readonly number[];
  /** groups are `<class>/<attribute value>` */
  readonly perGroup?: readonly { readonly group: string; readonly count: number; readonly value: number }[];
}

/** A metric: a function of mergeable statistics, so that folding batches as they come and stored arrays gives the same number. */
export interface MetricDefinition<Name extends string = string, Need extends StatisticName = StatisticName> {
  readonly name: Name;
  readonly title: string;
  readonly description: string;
  /** where the definition comes from */
  readonly source: string | null;
  /** the variants it can have, main one (null) first; variants named after a model’s stages as the residual networks name theirs */
  readonly variants: readonly (string | null)[];
  /** measured only where all of these were seen */
  readonly needs: readonly Need[];
  /** splits on which it has a meaning; null: all */
  readonly splits: readonly string[] | null;
  /** empty where there is nothing to measure, e.g. no example has an attribute */
  readonly measure: (statistics: Pick<Statistics, Need>, context: MetricContext) => readonly Measurement[];
}

/**
 * Declares a metric.
 *
 * @example
 * export const error = defineMetric({ name: 'error', needs: ['outcomes'], measure: ({ outcomes }) => ..., ... });
 */
export function defineMetric<const Name extends string, const Need extends StatisticName>(
  definition: Omit<MetricDefinition<Name, Need>, 'variants' | 'splits'> &
    Partial<Pick<MetricDefinition<Name, Need>, 'variants' | 'splits'>>,
): MetricDefinition<Name, Need> {
  return Object.freeze({ variants: [null], splits: null, ...definition });
}
