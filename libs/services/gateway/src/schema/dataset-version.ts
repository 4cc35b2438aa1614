import { sha256Hex } from '@minvar/contracts';
import type { ArrayFile, ArtifactRef } from '@minvar/contracts';
import type { ObjectStore } from '@minvar/service-kit';
import type { DatasetVersionView } from '@minvar/read-model';
import type { Context } from '../context';
import { badInput } from '../errors';
import type { Connection } from '../page-cursor';
import { connection, decodePageKey, pageSize } from '../page-cursor';
import { readSamples } from '../samples/read-samples';

export const typeDefs = /* GraphQL */ `
  "An immutable version of a dataset"
  type DatasetVersion implements Node {
    id: ID!
    name: String!
    version: String!
    createdAt: DateTime!
    "The dataset card, Markdown"
    card: String!
    licence: String!
    "Made from the official files"
    official: Boolean!
    "What must be known beside the name, e.g. how many digits of how many"
    note: String
    classes: [String!]!
    splits: [DatasetSplit!]!
    attributes: [String!]!
    sha256: String!
    artifacts: [Artifact!]!
    "\`first\` examples of a split, drawn by \`seed\`; at most 200"
    samples(split: String!, first: Int = 32, seed: Int = 0): [Sample!]!
  }
  type DatasetSplit {
    name: String!
    examples: Int!
    perClass: [Int!]!
    perGroup: [GroupCount!]!
  }
  type GroupCount {
    group: String!
    count: Int!
  }
  "An example: an image as PNG in base64, or the values of a vector"
  type Sample {
    index: Int!
    label: String!
    group: String
    imagePng: String
    values: [Float!]
  }
  type DatasetConnection {
    edges: [DatasetEdge!]!
    pageInfo: PageInfo!
    totalCount: Int!
  }
  type DatasetEdge {
    cursor: String!
    node: DatasetVersion!
  }
  input DatasetFilter {
    name: [String!]
  }
`;

/** Versions, newest first. */
export async function listDatasets(
  args: { first?: number | null; after?: string | null; filter?: { name?: string[] | null } | null },
  { options: { readModel } }: Context,
): Promise<Connection<DatasetVersionView>> {
  const kind = 'datasets by createdAt';
  const names = args.filter?.name ?? null;
  const page = await readModel.queries.datasetVersions({
    names,
    after: decodePageKey(kind, args.after, 1),
    first: pageSize(args.first),
  });
  return connection(
    kind,
    page,
    (row): DatasetVersionView => row,
    () => readModel.queries.countDatasetVersions(names),
  );
}

/** The files of a version; the manifest itself first. */
async function artifactsOf({ manifest: m, prefix }: DatasetVersionView, store: ObjectStore): Promise<ArtifactRef[]> {
  const key = `${prefix}manifest.json`;
  const { body } = await store.get(key);
  const manifest: ArtifactRef = {
    name: 'manifest.json',
    kind: 'manifest',
    mediaType: 'application/json',
    key,
    sizeBytes: body.byteLength,
    sha256: sha256Hex(body),
  };
  const array = (name: string, a: ArrayFile): ArtifactRef => ({
    name,
    kind: 'array',
    mediaType: 'application/x-npy',
    key: `${prefix}${a.path}`,
    sizeBytes: a.sizeBytes,
    sha256: a.sha256,
  });
  const card: ArtifactRef = {
    name: m.card.path,
    kind: 'card',
    mediaType: 'text/markdown',
    key: `${prefix}${m.card.path}`,
    sizeBytes: m.card.sizeBytes,
    sha256: m.card.sha256,
  };
  return [
    manifest,
    card,
    ...m.splits.flatMap((s) => [
      array(`${s.name}-inputs.npy`, s.inputs),
      array(`${s.name}-labels.npy`, s.labels),
      ...(s.attributes ? [array(`${s.name}-attributes.npy`, s.attributes)] : []),
    ]),
  ];
}

export const resolvers = {
  DatasetVersion: {
    createdAt: (v: DatasetVersionView) => v.created_at,
    card: async (v: DatasetVersionView, _: unknown, { options: { store } }: Context) => {
      if (v.deleted) return '';
      return Buffer.from((await store.get(`${v.prefix}${v.manifest.card.path}`)).body).toString('utf8');
    },
    licence: (v: DatasetVersionView) => v.manifest.licence,
    official: (v: DatasetVersionView) => v.manifest.official,
    note: (v: DatasetVersionView) => v.manifest.note,
    classes: (v: DatasetVersionView) => v.manifest.classes,
    splits: (v: DatasetVersionView) => v.manifest.splits,
    attributes: (v: DatasetVersionView) => (v.manifest.attribute ? [v.manifest.attribute.name] : []),
    sha256: (v: DatasetVersionView) => v.manifest.contentSha256,
    artifacts: (v: DatasetVersionView, _: unknown, { options: { store } }: Context) =>
      v.deleted ? [] : artifactsOf(v, store),
    samples: (
      v: DatasetVersionView,
      args: { split: string; first?: number | null; seed?: number | null },
      { options: { store } }: Context,
    ) => {
      const split = v.manifest.splits.find((s) => s.name === args.split);
      if (!split)
        throw badInput(
          `split: '${v.name}' has no '${args.split}'; it has ${v.manifest.splits.map((s) => s.name).join(', ')}`,
        );
      if (v.deleted) return [];
      return readSamples(store, v.prefix, v.manifest, split, pageSize(args.first ?? 32), args.seed ?? 0);
    },
  },
};
