import { experimentIdOf } from '@minvar/contracts';
import type { RunView } from '@minvar/read-model';
import type { Context } from '../context';
import { badInput } from '../errors';
import { datasetFeed, experimentFeed, logFeed, pointsFeed, runFeed } from '../subscriptions/feeds';
import type { IngestEvent } from '../subscriptions/feeds';
import { follow } from '../subscriptions/follow';
import { experimentByName } from './experiment';

export const typeDefs = /* GraphQL */ `
  """
  Every event carries a cursor: subscribing again with it as \`after\` goes on where the connection was lost, nothing missed and
  nothing twice. A cursor older than what is kept ends the subscription with the error code \`RESYNC\`.
  """
  type Subscription {
    "Every change of a run, of an experiment's runs, or of all runs"
    runUpdated(id: ID, experiment: String, after: String): RunUpdate!
    metricPoints(runIds: [ID!]!, metrics: [String!], after: String): MetricPoints!
    runLog(id: ID!, after: String): LogLines!
    datasetProgress(name: String!, after: String): DatasetProgress!
    experimentUpdated(name: String!, after: String): ExperimentUpdate!
  }
  type RunUpdate {
    cursor: String!
    run: Run!
  }
  type MetricPoints {
    cursor: String!
    runId: ID!
    metric: String!
    variant: String
    split: String!
    class: String
    group: String
    steps: [Float!]!
    values: [Float]!
    nonFinite: [String]
  }
  type LogLines {
    cursor: String!
    lines: [LogLine!]!
  }
  type DatasetProgress {
    cursor: String!
    ingestId: ID!
    version: DatasetVersion
    error: String
    name: String!
    phase: String!
    doneBytes: BigInt!
    totalBytes: BigInt
  }
  type ExperimentUpdate {
    cursor: String!
    experiment: Experiment!
  }
`;

const maxRuns = 200;

type After = { after?: string | null };

function experimentOf(name: string, { options }: Context) {
  const definition = experimentByName(name, options);
  if (!definition)
    throw badInput(`experiment: '${name}' is unknown; known are ${Object.keys(options.experiments).sort().join(', ')}`);
  return { definition, id: experimentIdOf(options.projectId, definition.name), name: definition.name };
}

async function existingRun(id: string, { options: { readModel } }: Context): Promise<string> {
  const [run] = await readModel.queries.runsByIds([id]);
  if (!run) throw badInput(`id: there is no run '${id}'`);
  return id;
}

const asItIs = (event: unknown) => event;

export const resolvers = {
  Subscription: {
    runUpdated: {
      subscribe: async (_: unknown, args: After & { id?: string | null; experiment?: string | null }, c: Context) => {
        if (args.id) await existingRun(args.id, c);
        const experiment = args.experiment ? experimentOf(args.experiment, c) : null;
        return follow<{ run: RunView }>(runFeed({ id: args.id, experiment }, c), args.after, c);
      },
      resolve: asItIs,
    },
    metricPoints: {
      subscribe: async (_: unknown, args: After & { runIds: string[]; metrics?: string[] | null }, c: Context) => {
        if (args.runIds.length < 1 || args.runIds.length > maxRuns)
          throw badInput(`runIds: ${args.runIds.length} given; follow 1 to ${maxRuns} runs at a time`);
        return follow(pointsFeed(args.runIds, args.metrics ?? null, c), args.after, c);
      },
      resolve: asItIs,
    },
    runLog: {
      subscribe: async (_: unknown, { id, after }: After & { id: string }, c: Context) =>
        follow(logFeed(await existingRun(id, c), c), after, c),
      resolve: asItIs,
    },
    datasetProgress: {
      subscribe: async (_: unknown, { name, after }: After & { name: string }, c: Context) => {
        const known = c.options.registries.datasets;
        if (!Object.hasOwn(known, name))
          throw badInput(`name: dataset '${name}' is unknown; known are ${Object.keys(known).sort().join(', ')}`);
        return follow(datasetFeed(name, c), after, c);
      },
      resolve: asItIs,
    },
    experimentUpdated: {
      subscribe: async (_: unknown, { name, after }: After & { name: string }, c: Context) => {
        const experiment = experimentOf(name, c);
        return follow(experimentFeed(experiment, c), after, c);
      },
      resolve: (event: object, { name }: { name: string }, c: Context) => ({
        ...event,
        experiment: experimentByName(name, c.options),
      }),
    },
  },
  DatasetProgress: {
    version: ({ versionId }: IngestEvent, _: unknown, { loaders }: Context) =>
      versionId === null ? null : loaders.versions.load(versionId),
  },
};
