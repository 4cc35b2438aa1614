import type { ArtifactRef } from '@minvar/contracts';
import { runOrders } from '@minvar/read-model';
import type { MetricFilter, RunFilter, RunOrderField, RunView } from '@minvar/read-model';
import type { Context } from '../context';
import { badInput } from '../errors';
import type { Connection } from '../page-cursor';
import { connection, decodePageKey, pageSize } from '../page-cursor';
import { reproduce } from '../run/reproduce';
import { resultArtifacts } from '../run/result-artifacts';
import { versionOfRun } from '../run/version-of-run';
import { seriesOf } from '../series/series-of';
import type { SeriesArgs } from '../series/series-of';

export const typeDefs = /* GraphQL */ `
  type Run implements Node {
    id: ID!
    memberships: [RunMembership!]!
    dataset: DatasetVersion!
    model: String!
    method: String!
    seed: Int!
    "The whole RunSpec, every default filled in"
    spec: JSONObject!
    specHash: String!
    state: RunState!
    attempt: Int!
    term: Int!
    cancelRequested: Boolean!
    priority: Int!
    "In [0, 1]"
    progress: Float!
    etaSeconds: Float
    analysed: Boolean!
    fingerprints: [JSONObject!]!
    "A part was computed on another device, build or thread count than the rest"
    numericsChanged: Boolean!
    createdAt: DateTime!
    startedAt: DateTime
    finishedAt: DateTime
    failure: RunFailure
    signs: [FailureSign!]!
    metrics(names: [String!], split: String, selection: String = "last"): [MetricValue!]!
    log(tail: Int = 200): [LogLine!]!
    "The curves that have points: what to ask the field series for"
    curves: [CurveName!]!
    "A curve over epochs; null when there is none. At most 5,000 points"
    series(
      metric: String!
      split: String
      variant: String
      class: String
      group: String
      maxPoints: Int = 1000
      downsampling: Downsampling = MIN_MAX
    ): MetricSeries
    artifacts: [Artifact!]!
    "The command line that repeats this run"
    reproduce: String!
  }
  enum RunState {
    QUEUED
    CLAIMED
    RUNNING
    SUCCEEDED
    FAILED
    CANCELLED
  }
  enum FailureKind {
    BAD_SPEC
    BAD_DATA
    OUT_OF_MEMORY
    NON_FINITE
    HUNG
    UNSCHEDULABLE
    IMAGE
    INFRASTRUCTURE
  }
  enum Downsampling {
    MIN_MAX
    LTTB
    NONE
  }
  type RunMembership {
    experiment: String!
    preset: String!
    cell: String!
  }
  type LogLine {
    at: DateTime!
    level: String!
    text: String!
  }
  type RunFailure {
    kind: FailureKind!
    message: String!
  }
  type FailureSign {
    name: String!
    epoch: Float
    because: String!
  }
  type MetricValue {
    name: String!
    variant: String
    split: String!
    epoch: Float!
    selection: String!
    value: Float
    nonFinite: String
    perClass: [Float]
    perGroup: [GroupValue!]
  }
  type GroupValue {
    group: String!
    count: Int!
    value: Float
  }
  type CurveName {
    metric: String!
    variant: String
    split: String!
    class: String
    group: String
  }
  type MetricSeries {
    metric: String!
    variant: String
    split: String!
    class: String
    group: String
    steps: [Float!]!
    values: [Float]!
    nonFinite: [String]
    total: Int!
  }
  type RunConnection {
    edges: [RunEdge!]!
    pageInfo: PageInfo!
    totalCount: Int!
  }
  type RunEdge {
    cursor: String!
    node: Run!
  }
  input RunFilter {
    experiment: String
    preset: String
    state: [RunState!]
    method: [String!]
    dataset: [String!]
    model: [String!]
    seed: [Int!]
  }
  "\`field\`: createdAt, startedAt, finishedAt, state, method, dataset, model or seed"
  input RunOrder {
    field: String!
    descending: Boolean = true
  }
`;

export interface RunsArgs {
  readonly first?: number | null;
  readonly after?: string | null;
  readonly filter?: RunFilter | null;
  readonly orderBy?: { field: string; descending?: boolean | null } | null;
}

/** Runs, newest first unless asked otherwise. */
export async function listRuns(args: RunsArgs, { options: { readModel } }: Context): Promise<Connection<RunView>> {
  const field = args.orderBy?.field ?? 'createdAt';
  if (!Object.hasOwn(runOrders, field)) {
    throw badInput(
      `orderBy.field: runs cannot be ordered by '${field}'; allowed are ${Object.keys(runOrders).join(', ')}`,
    );
  }
  const descending = args.orderBy?.descending ?? true;
  const kind = `runs by ${field} ${descending ? 'descending' : 'ascending'}`;
  const filter = args.filter ?? {};
  const page = await readModel.queries.runs({
    filter,
    order: field as RunOrderField,
    descending,
    after: decodePageKey(kind, args.after, runOrders[field as RunOrderField].length),
    first: pageSize(args.first),
  });
  return connection(
    kind,
    page,
    (row): RunView => row,
    () => readModel.queries.countRuns(filter),
  );
}

const progress = (r: RunView): number => {
  if (r.state === 'SUCCEEDED') return 1;
  const total = r.progress_total ?? r.total_steps;
  return total ? Math.min(1, (r.progress_step ?? 0) / total) : 0;
};

const isActive = (r: RunView): boolean => r.state === 'RUNNING' || r.state === 'CLAIMED';

export const resolvers = {
  Run: {
    memberships: (r: RunView, _: unknown, { loaders }: Context) => loaders.memberships.load(r.id),
    dataset: (r: RunView, _: unknown, c: Context) => versionOfRun(r, c),
    specHash: (r: RunView) => r.spec_hash,
    cancelRequested: (r: RunView) => r.cancel_requested,
    progress,
    etaSeconds: (r: RunView) => (isActive(r) ? r.eta_seconds : null),
    analysed: (r: RunView) => r.analysed_attempt === r.attempt,
    numericsChanged: (r: RunView) => r.numerics_changed,
    createdAt: (r: RunView) => r.created_at,
    startedAt: (r: RunView) => r.started_at,
    finishedAt: (r: RunView) => r.finished_at,
    signs: async (r: RunView, _: unknown, { loaders }: Context) => (await loaders.analyses.load(r.id))?.signs ?? [],
    metrics: async (r: RunView, args: MetricFilter, { loaders }: Context) =>
      (await loaders.metrics(r.id, args)).map((m) => ({
        ...m,
        variant: m.variant || null,
        nonFinite: m.non_finite,
        perClass: m.per_class,
        perGroup: m.per_group,
      })),
    log: (r: RunView, args: { tail?: number | null }, { loaders }: Context) => {
      const tail = args.tail ?? 200;
      if (tail < 1 || tail > 10_000) throw badInput(`tail: ${tail} is out of range; ask for 1 to 10000 lines`);
      return loaders.logTail(r.id, tail);
    },
    curves: (r: RunView, _: unknown, { loaders }: Context) => loaders.curves.load(r.id),
    series: (r: RunView, args: SeriesArgs, c: Context) => seriesOf(r.id, args, c),
    artifacts: async (r: RunView, _: unknown, { loaders, options }: Context): Promise<readonly ArtifactRef[]> => [
      ...(await resultArtifacts(options.store, r)),
      ...((await loaders.analyses.load(r.id))?.artifacts ?? []),
    ],
    reproduce: async (r: RunView, _: unknown, { loaders }: Context) =>
      reproduce(r, await loaders.memberships.load(r.id)),
  },
};
