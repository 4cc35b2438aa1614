import type { DatasetVersionView, MembershipView, PresetView, Queries, Row, RunView } from '@minvar/read-model';
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
  const tails = new Map<number, DataLoader<string, { at: string; level: string; text: string }[]>>();
  return {
    runs: single<RunView>(queries.runsByIds, (r) => r.id),
    versions: single<DatasetVersionView>(queries.datasetVersionsByIds, (v) => v.id),
    memberships: grouped<MembershipView>(queries.membershipsByRuns, (m) => m.run_id),
    metrics: grouped<Row<'metric_values'>>(queries.metricsByRuns, (m) => m.run_id),
    analyses: single<Row<'analyses'>>(queries.analysesByRuns, (a) => a.run_id),
    presets: grouped<PresetView>(queries.presetViews, (p) => p.name),
    logTail(runId: string, tail: number) {
      let loader = tails.get(tail);
      if (!loader)
        tails.set(
          tail,
          (loader = grouped(
            (ids) => queries.logTails(ids, tail),
            (l) => l.run_id,
          ) as never),
        );
      return loader!.load(runId);
    },
  };
}
export type Loaders = ReturnType<typeof createLoaders>;
