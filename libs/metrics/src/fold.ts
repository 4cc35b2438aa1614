import type { MetricBatch, MetricContext } from './batch';
import { prepareBatch } from './batch';
import type { Measurement, MetricDefinition } from './define-metric';
import { folds } from './folds';
import type { StatisticName, Statistics } from './folds';
import type { Fold } from './folds/define-fold';
import { metrics } from './registry.gen';

export type MetricName = keyof typeof metrics;

export interface MetricRow extends Measurement {
  readonly name: string;
}

/** Metrics of one split at one epoch, in the making. */
export interface MetricFold {
  readonly add: (batch: MetricBatch) => void;
  /** adds all that another fold over the same context has seen; it stays as it is */
  readonly merge: (other: MetricFold) => void;
  readonly rows: () => MetricRow[];
  /** what was summed up so far, by statistic: for `merge` */
  readonly statistics: ReadonlyMap<StatisticName, unknown>;
}

/** Any definition, with its needs forgotten: the fold hands it all it asked for. */
const definitions = metrics as unknown as Readonly<Record<string, MetricDefinition>>;
const foldOf = (name: StatisticName): Fold<unknown> => folds[name] as Fold<unknown>;

/** The metric of that name. Throws listing those there are. */
export function findMetric(name: string): MetricDefinition {
  const found = Object.hasOwn(definitions, name) ? definitions[name] : undefined;
  if (!found) throw new Error(`metric '${name}' is unknown; there are ${Object.keys(definitions).join(', ')}`);
  return found;
}

/**
 * Folds batches of one split into metrics. The order of batches, how they are cut and merged does not matter (to 1e-9); a metric whose
 * inputs no batch had is left out of the rows. Throws for arrays that do not fit, and for unknown names.
 *
 * @example
 * const fold = createMetricFold({ context, split: 'test', metrics: ['error', 'activation-variance'] });
 * fold.add({ labels, logits, activations }); fold.rows();
 */
export function createMetricFold(options: {
  readonly context: MetricContext;
  readonly split: string;
  /** default: all */
  readonly metrics?: readonly string[];
}): MetricFold {
  const { context, split } = options;
  const chosen = (options.metrics ?? Object.keys(definitions))
    .map(findMetric)
    .filter((m) => m.splits === null || m.splits.includes(split));
  const names = [...new Set(chosen.flatMap((m) => m.needs))];
  const statistics = new Map<StatisticName, unknown>(names.map((name) => [name, foldOf(name).create(context)]));
  return {
    statistics,
    add: (batch) => {
      if (batch.labels.length === 0) return;
      const prepared = prepareBatch(batch, context);
      for (const [name, state] of statistics) foldOf(name).add(state, prepared);
    },
    merge: (other) => {
      for (const [name, state] of statistics) {
        const own = other.statistics.get(name);
        if (own === undefined) throw new Error(`the other fold has no ${name}: merge folds over the same metrics`);
        foldOf(name).merge(state, own);
      }
    },
    rows: () => {
      const seen = (name: StatisticName): boolean => foldOf(name).seen(statistics.get(name));
      const all = Object.fromEntries(statistics) as unknown as Statistics;
      return chosen.flatMap((m) =>
        m.needs.every(seen) ? m.measure(all, context).map((row) => ({ name: m.name, ...row })) : [],
      );
    },
  };
}
