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
export interface MetricDefinition<
  Name extends string = string,
  Need extends StatisticName = StatisticName,
  Detail extends StatisticName = StatisticName,
> {
  readonly name: Name;
  readonly title: string;
  readonly description: string;
  /** where the definition comes from */
  readonly source: string | null;
  /** the variants it can have, main one (null) first; variants named after a model’s stages as the residual networks name theirs */
  readonly variants: readonly (string | null)[];
  /** measured only where all of these were seen; one that takes a second look is there after `again` */
  readonly needs: readonly Need[];
  /** splits on which it has a meaning; null: all */
  readonly splits: readonly string[] | null;
  /** true: too dear to be measured unless it is asked for by name */
  readonly onRequest: boolean;
  /** empty where there is nothing to measure, e.g. no example has an attribute */
  readonly measure: (statistics: Pick<Statistics, Need>, context: MetricContext) => readonly Measurement[];
  /** further variants whose statistics cost more than live curves may: measured for the record only */
  readonly details: {
    readonly needs: readonly Detail[];
    readonly measure: (statistics: Pick<Statistics, Detail>, context: MetricContext) => readonly Measurement[];
  } | null;
  /** what is no single number: a curve or a spectrum, one object a row, all with the same columns */
  readonly table: ((statistics: Pick<Statistics, Need>, context: MetricContext) => readonly TableRow[]) | null;
}

export type TableRow = Readonly<Record<string, number | string>>;

/**
 * Declares a metric.
 *
 * @example
 * export const error = defineMetric({ name: 'error', needs: ['outcomes'], measure: ({ outcomes }) => ..., ... });
 */
export function defineMetric<
  const Name extends string,
  const Need extends StatisticName,
  const Detail extends StatisticName = never,
>(
  definition: Omit<MetricDefinition<Name, Need, Detail>, 'variants' | 'splits' | 'onRequest' | 'details' | 'table'> &
    Partial<Pick<MetricDefinition<Name, Need, Detail>, 'variants' | 'splits' | 'onRequest' | 'details' | 'table'>>,
): MetricDefinition<Name, Need, Detail> {
  return Object.freeze({
    variants: [null],
    splits: null,
    onRequest: false,
    details: null,
    table: null,
    ...definition,
  });
}
