import type {
  DatasetVersionView,
  MembershipView,
  MetricFilter,
  PresetView,
  Queries,
  Row,
  RunView,
} from '@minvar/read-model';
import DataLoader from 'dataloader';

/** One statement for many parents. `cache: false` where the context outlives its first answer, as in subscriptions. */
export function createLoaders(queries: Queries, options: { readonly cache: boolean }) {
  const grouped = <R>(load: (ids: readonly string[]) => Promise<readonly R[]>, key: (row: R) => string) =>
    new DataLoader<string, R[]>(async (ids) => {
      const byKey = new Map<string, R[]>(ids.map((id) => [id, []]));
      for (const row of await load(ids)) byKey.get(key(row))?.push(row);
      return ids.map((id) => byKey.get(id)!);
    }, options);
  const single = <R>(load: (ids: readonly string[]) => Promise<readonly R[]>, key: (row: R) => string) =>
    new DataLoader<string, R | null>(async (ids) => {
      const byKey = new Map((await load(ids)).map((row) => [key(row), row]));
      return ids.map((id) => byKey.get(id) ?? null);
    }, options);
  /** One loader for each different question. */
  function byQuestion<Q, R>(make: (question: Q) => DataLoader<string, R>): (id: string, question: Q) => Promise<R> {
    const made = new Map<string, DataLoader<string, R>>();
    return (id, question) => {
      const key = JSON.stringify(question);
      const loader = made.get(key) ?? make(question);
      made.set(key, loader);
      return loader.load(id);
    };
  }
  const metrics = byQuestion((filter: MetricFilter) =>
    grouped<Row<'metric_values'>>(
      (ids) => queries.metricsByRuns(ids, filter),
      (m) => m.run_id,
    ),
  );
  return {
    runs: single<RunView>(queries.runsByIds, (r) => r.id),
    versions: single<DatasetVersionView>(queries.datasetVersionsByIds, (v) => v.id),
    memberships: grouped<MembershipView>(queries.membershipsByRuns, (m) => m.run_id),
    analyses: single<Row<'analyses'>>(queries.analysesByRuns, (a) => a.run_id),
    presets: grouped<PresetView>(queries.presetViews, (p) => p.name),
    metrics: (runId: string, { names = null, split = null, selection = null }: MetricFilter) =>
      metrics(runId, { names, split, selection }),
    curves: grouped<Row<'metric_series'>>(queries.curvesByRuns, (c) => c.run_id),
    logTail: byQuestion((tail: number) =>
      grouped(
        (ids) => queries.logTails(ids, tail),
        (l) => l.run_id,
      ),
    ),
  };
}
export type Loaders = ReturnType<typeof createLoaders>;
