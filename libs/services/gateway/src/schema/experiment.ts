import { experimentIdOf } from '@minvar/contracts';
import type { ArtifactRef } from '@minvar/contracts';
import type { ClaimDefinition, ExperimentDefinition } from '@minvar/coordination';
import type { PresetView } from '@minvar/read-model';
import type { Context } from '../context';
import { badInput } from '../errors';
import type { GatewayOptions } from '../options';
import type { Connection } from '../page-cursor';
import { connection, decodePageKey, pageSize } from '../page-cursor';
import { listRuns } from './run';

export const typeDefs = /* GraphQL */ `
  type Experiment implements Node {
    id: ID!
    name: String!
    title: String!
    claims: [Claim!]!
    "Presets of the definition, then those that changes to one have made (\`quick+<8 hex>\`)"
    presets: [String!]!
    "The preset that was asked for last; null when none ever was"
    latestPreset: String
    state(preset: String!): ExperimentState!
    progress(preset: String!): Float!
    runs(first: Int = 50, after: String, preset: String): RunConnection!
    "The declared endpoints that at least one seed measured in both arms; \`Claim.because\` names those that have no results"
    comparisons(preset: String!): [Comparison!]!
    artifacts(preset: String!): [Artifact!]!
  }
  enum ExperimentState {
    NOT_RUN
    WAITING_FOR_DATA
    RUNNING
    ANALYSING
    DONE
    FAILED
    CANCELLED
  }
  type Claim {
    id: String!
    text: String!
    verdict(preset: String!): Verdict!
    because(preset: String!): String!
  }
  enum Verdict {
    SUPPORTED
    CONTRADICTED
    NOT_DISTINGUISHABLE
    DIRECTION_ONLY
    NOT_RUN
  }
  "Two arms under one condition, paired by seed"
  type Comparison {
    claim: String
    primary: Boolean!
    smallestEffect: Float
    selection: String!
    testSetLow: Float
    testSetHigh: Float
    metric: String!
    variant: String
    split: String!
    condition: String!
    a: String!
    b: String!
    seeds: Int!
    meanA: Float!
    meanB: Float!
    difference: Float!
    low: Float
    high: Float
    test: String!
    p: Float
    pAdjusted: Float
  }
  type ExperimentConnection {
    edges: [ExperimentEdge!]!
    pageInfo: PageInfo!
    totalCount: Int!
  }
  type ExperimentEdge {
    cursor: String!
    node: Experiment!
  }
`;

const byName = (options: Pick<GatewayOptions, 'experiments'>): ExperimentDefinition[] =>
  Object.values(options.experiments).sort((a, b) => (a.name < b.name ? -1 : 1));

export const experimentByName = (
  name: string,
  options: Pick<GatewayOptions, 'experiments'>,
): ExperimentDefinition | null => byName(options).find((e) => e.name === name) ?? null;

export const experimentById = (
  id: string,
  options: Pick<GatewayOptions, 'experiments' | 'projectId'>,
): ExperimentDefinition | null => byName(options).find((e) => experimentIdOf(options.projectId, e.name) === id) ?? null;

/** Every experiment of the registry, by name, whether or not it was run. */
export function listExperiments(
  args: { first?: number | null; after?: string | null },
  { options }: Context,
): Connection<ExperimentDefinition> {
  const kind = 'experiments by name';
  const after = decodePageKey(kind, args.after, 0);
  const all = byName(options);
  const rest = all.filter((e) => after === null || e.name > after.id);
  const first = pageSize(args.first);
  const rows = rest.slice(0, first).map((definition) => ({ id: definition.name, page_key: [], definition }));
  return connection(
    kind,
    { rows, hasNextPage: rest.length > first },
    (row) => row.definition,
    () => all.length,
  );
}

/** How a preset stands; null when it was never asked for. A label that no preset of the definition begins is an error. */
async function standing(e: ExperimentDefinition, preset: string, { loaders }: Context): Promise<PresetView | null> {
  const base = preset.replace(/\+[0-9a-f]{8}$/, '');
  if (!Object.hasOwn(e.presets, base)) {
    throw badInput(
      `preset: experiment '${e.name}' has no preset '${preset}'; it has ${Object.keys(e.presets).join(', ')}`,
    );
  }
  return (await loaders.presets.load(e.name)).find((p) => p.preset === preset) ?? null;
}

type PresetArgs = { preset: string };
interface ClaimSource {
  readonly claim: ClaimDefinition;
  readonly experiment: ExperimentDefinition;
}

const because = (view: PresetView | null): string => {
  if (view === null || view.state === 'NOT_RUN') return 'not run yet';
  if (view.error !== null) return view.error;
  return view.state === 'CANCELLED' ? 'every run was cancelled' : 'not judged yet';
};

export const resolvers = {
  Experiment: {
    id: (e: ExperimentDefinition, _: unknown, { options }: Context) => experimentIdOf(options.projectId, e.name),
    claims: (e: ExperimentDefinition): ClaimSource[] => e.claims.map((claim) => ({ claim, experiment: e })),
    presets: async (e: ExperimentDefinition, _: unknown, { loaders }: Context) => {
      const declared = Object.keys(e.presets);
      const asked = (await loaders.presets.load(e.name)).map((p) => p.preset);
      return [...declared, ...asked.filter((p) => !declared.includes(p)).sort()];
    },
    latestPreset: async (e: ExperimentDefinition, _: unknown, { loaders }: Context) => {
      const asked = await loaders.presets.load(e.name);
      return (
        asked.reduce<PresetView | null>((last, p) => (last && last.sortKey > p.sortKey ? last : p), null)?.preset ??
        null
      );
    },
    state: async (e: ExperimentDefinition, { preset }: PresetArgs, c: Context) =>
      (await standing(e, preset, c))?.state ?? 'NOT_RUN',
    progress: async (e: ExperimentDefinition, { preset }: PresetArgs, c: Context) =>
      (await standing(e, preset, c))?.progress ?? 0,
    runs: (
      e: ExperimentDefinition,
      args: { first?: number | null; after?: string | null; preset?: string | null },
      c: Context,
    ) =>
      listRuns(
        { first: args.first, after: args.after, filter: { experiment: e.name, preset: args.preset ?? null } },
        c,
      ),
    // One without its means says nothing, and the analyzer makes none: `because` says that the endpoint has no results.
    comparisons: async (e: ExperimentDefinition, { preset }: PresetArgs, c: Context) =>
      ((await standing(e, preset, c))?.comparisons ?? []).filter(
        (x) => x.meanA !== null && x.meanB !== null && x.difference !== null,
      ),
    artifacts: async (e: ExperimentDefinition, { preset }: PresetArgs, c: Context): Promise<readonly ArtifactRef[]> =>
      (await standing(e, preset, c))?.artifacts ?? [],
  },
  Claim: {
    id: ({ claim }: ClaimSource) => claim.id,
    text: ({ claim }: ClaimSource) => claim.text,
    verdict: async ({ claim, experiment }: ClaimSource, { preset }: PresetArgs, c: Context) =>
      (await standing(experiment, preset, c))?.verdicts.find((v) => v.claim === claim.id)?.verdict ?? 'NOT_RUN',
    because: async ({ claim, experiment }: ClaimSource, { preset }: PresetArgs, c: Context) => {
      const view = await standing(experiment, preset, c);
      return view?.verdicts.find((v) => v.claim === claim.id)?.because ?? because(view);
    },
  },
};
