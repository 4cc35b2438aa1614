import type { MetricBatch, MetricContext } from './batch';
import { prepareBatch } from './batch';
import type { Measurement, MetricDefinition, TableRow } from './define-metric';
import { folds } from './folds';
import type { StatisticName, Statistics } from './folds';
import type { Fold } from './folds/define-fold';
import { metrics } from './registry.gen';

export type MetricName = keyof typeof metrics;

export interface MetricRow extends Measurement {
  readonly name: string;
}

/** What a metric has to show besides numbers: a reliability curve, a spectrum. */
export interface MetricTable {
  readonly name: string;
  readonly rows: readonly TableRow[];
}

/** Metrics of one split at one epoch, in the making. */
export interface MetricFold {
  readonly add: (batch: MetricBatch) => void;
  /** adds all that another fold over the same context has seen; it stays as it is */
  readonly merge: (other: Pick<MetricFold, 'statistics'>) => void;
  readonly rows: () => MetricRow[];
  readonly tables: () => MetricTable[];
  /**
   * A fold for a second look at the same batches, once this one has seen them all: its rows are those of the metrics that need class means
   * before they can begin. Null when none does, or when what they begin from was never seen. Folds of parts of the batches merge when they come from equal first looks.
   */
  readonly again: () => MetricFold | null;
  /** what was summed up so far, by statistic: for `merge`; plain data that can be sent to another thread */
  readonly statistics: ReadonlyMap<StatisticName, unknown>;
}

/** Any definition, with its needs forgotten: the fold hands it all it asked for. */
const definitions = metrics as unknown as Readonly<Record<string, MetricDefinition>>;
const foldOf = (name: StatisticName): Fold<unknown, Readonly<Record<string, unknown>>> =>
  folds[name] as Fold<unknown, Readonly<Record<string, unknown>>>;
const isLate = (name: StatisticName): boolean => foldOf(name).after !== undefined;

/** The metric of that name. Throws listing those there are. */
export function findMetric(name: string): MetricDefinition {
  const found = Object.hasOwn(definitions, name) ? definitions[name] : undefined;
  if (!found) throw new Error(`metric '${name}' is unknown; there are ${Object.keys(definitions).join(', ')}`);
  return found;
}

/** One thing to measure: a metric's own measure, or its details. */
interface Part {
  readonly name: string;
  readonly needs: readonly StatisticName[];
  readonly measure: MetricDefinition['measure'];
  readonly table: MetricDefinition['table'];
}

const partsOf = (m: MetricDefinition, details: boolean): Part[] => [
  m,
  ...(details && m.details ? [{ name: m.name, table: null, ...m.details }] : []),
];

/** Folds statistics into rows; `first` are those of a first look, there to be used but no longer added to. */
function foldOver(
  parts: readonly Part[],
  context: MetricContext,
  first: ReadonlyMap<StatisticName, unknown> | null,
): MetricFold {
  // A part belongs to the look that completes it.
  const now = parts.filter((p) => p.needs.some(isLate) === (first !== null));
  const wanted = (all: readonly Part[]): StatisticName[] => [...new Set(all.flatMap((p) => p.needs))];
  const sources = parts.flatMap((p) => p.needs.flatMap((n) => (foldOf(n).after ?? []) as StatisticName[]));
  const names = first
    ? wanted(now).filter(isLate)
    : [...new Set([...wanted(parts), ...sources])].filter((n) => !isLate(n));
  const origin = Object.fromEntries(first ?? []);
  const statistics = new Map<StatisticName, unknown>(names.map((name) => [name, foldOf(name).create(context, origin)]));
  const all = (): Statistics => Object.fromEntries([...(first ?? []), ...statistics]) as unknown as Statistics;
  const measurable = (): Part[] => {
    const found = all();
    return now.filter((p) => p.needs.every((n) => foldOf(n).seen(found[n])));
  };
  return {
    statistics,
    add: (batch) => addBatch(statistics, batch, context),
    merge: (other) => {
      for (const [name, state] of statistics) {
        const own = other.statistics.get(name);
        if (own === undefined) throw new Error(`the other fold has no ${name}: merge folds over the same metrics`);
        foldOf(name).merge(state, own);
      }
    },
    rows: () => measurable().flatMap((p) => p.measure(all(), context).map((row) => ({ name: p.name, ...row }))),
    tables: () => measurable().flatMap((p) => (p.table ? [{ name: p.name, rows: p.table(all(), context) }] : [])),
    again: () => {
      if (first) return null;
      const ready = parts.filter(
        (p) =>
          p.needs.some(isLate) &&
          p.needs.every((n) =>
            ((foldOf(n).after ?? [n]) as StatisticName[]).every((source) =>
              foldOf(source).seen(statistics.get(source)),
            ),
          ),
      );
      return ready.length === 0 ? null : foldOver(ready, context, statistics);
    },
  };
}

/**
 * Adds a batch to a fold’s statistics, wherever they are: another thread adds to a copy of empty ones, and the fold merges what comes back.
 *
 * @example
 * addBatch(statistics, batch, context); // there
 * fold.merge({ statistics }); // here
 */
export function addBatch(
  statistics: ReadonlyMap<StatisticName, unknown>,
  batch: MetricBatch,
  context: MetricContext,
): void {
  if (batch.labels.length === 0) return;
  const prepared = prepareBatch(batch, context);
  for (const [name, state] of statistics) foldOf(name).add(state, prepared);
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
  /** default: all but those that are measured on request only */
  readonly metrics?: readonly string[];
  /** also the variants that keep examples or need class means first; default: not */
  readonly details?: boolean;
}): MetricFold {
  const { context, split, details = false } = options;
  const chosen = (options.metrics ?? Object.keys(definitions).filter((name) => !findMetric(name).onRequest))
    .map(findMetric)
    .filter((m) => m.splits === null || m.splits.includes(split));
  return foldOver(
    chosen.flatMap((m) => partsOf(m, details)),
    context,
    null,
  );
}
