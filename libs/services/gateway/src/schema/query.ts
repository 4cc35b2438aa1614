import type { DatasetVersionView } from '@minvar/read-model';
import type { Context } from '../context';
import { encodeCursor } from '../cursor';
import { listDatasets } from './dataset-version';
import { experimentByName, listExperiments } from './experiment';
import { linearSolution } from './linear-solution';
import { nodeOf } from './node';
import { listRuns } from './run';
import type { RunsArgs } from './run';

export const typeDefs = /* GraphQL */ `
  type Query {
    node(id: ID!): Node
    "Now, as a subscription cursor: read state together with it, then subscribe with \`after\`"
    cursor: String!
    datasetCatalogue: [RegistryEntry!]!
    datasets(first: Int = 50, after: String, filter: DatasetFilter): DatasetConnection!
    "A version by its name, or the newest"
    dataset(name: String!, version: String): DatasetVersion
    experiments(first: Int = 50, after: String): ExperimentConnection!
    experiment(name: String!): Experiment
    runs(first: Int = 50, after: String, filter: RunFilter, orderBy: RunOrder): RunConnection!
    run(id: ID!): Run
    methods: [RegistryEntry!]!
    metrics: [RegistryEntry!]!
    models: [RegistryEntry!]!
    recipes: [RegistryEntry!]!
    linearSolution(input: LinearProblemInput!): LinearSolution!
  }
`;

export const resolvers = {
  Query: {
    node: (_: unknown, { id }: { id: string }, c: Context) => nodeOf(id, c),
    cursor: (_: unknown, __: unknown, { position }: Context) => encodeCursor({ vector: position, within: null }),
    datasetCatalogue: (_: unknown, __: unknown, { catalogues }: Context) => catalogues.datasets,
    datasets: (_: unknown, args: Parameters<typeof listDatasets>[0], c: Context) => listDatasets(args, c),
    dataset: (
      _: unknown,
      args: { name: string; version?: string | null },
      { options }: Context,
    ): Promise<DatasetVersionView | null> => options.readModel.queries.datasetVersion(args.name, args.version ?? null),
    experiments: (_: unknown, args: { first?: number | null; after?: string | null }, c: Context) =>
      listExperiments(args, c),
    experiment: (_: unknown, { name }: { name: string }, { options }: Context) => experimentByName(name, options),
    runs: (_: unknown, args: RunsArgs, c: Context) => listRuns(args, c),
    run: (_: unknown, { id }: { id: string }, { loaders }: Context) => loaders.runs.load(id),
    methods: (_: unknown, __: unknown, { catalogues }: Context) => catalogues.methods,
    metrics: (_: unknown, __: unknown, { catalogues }: Context) => catalogues.metrics,
    models: (_: unknown, __: unknown, { catalogues }: Context) => catalogues.models,
    recipes: (_: unknown, __: unknown, { catalogues }: Context) => catalogues.recipes,
    linearSolution: (_: unknown, args: Parameters<typeof linearSolution>[0], c: Context) => linearSolution(args, c),
  },
};
