import type { Context } from '../context';
import { cancelRun } from '../mutations/cancel-run';
import { collect } from '../mutations/collect-garbage';
import type { CollectGarbageInput } from '../mutations/collect-garbage';
import { createRun } from '../mutations/create-run';
import { deleteDatasetVersion, deleteExperiment, deleteRun } from '../mutations/delete';
import { ingestDataset } from '../mutations/ingest-dataset';
import { retryRun } from '../mutations/retry-run';
import { runExperiment } from '../mutations/run-experiment';

export const typeDefs = /* GraphQL */ `
  "Every mutation takes an idempotency key: the same key with the same input is one mutation. Answers show things as accepted"
  type Mutation {
    ingestDataset(input: IngestDatasetInput!): IngestDatasetResult!
    runExperiment(input: RunExperimentInput!): RunExperimentResult!
    createRun(input: CreateRunInput!): CreateRunResult!
    cancelRun(input: CancelRunInput!): CancelRunResult!
    retryRun(input: RetryRunInput!): RetryRunResult!
    deleteRun(input: DeleteInput!): DeleteResult!
    deleteExperiment(input: DeleteInput!): DeleteResult!
    deleteDatasetVersion(input: DeleteInput!): DeleteResult!
    "Removes objects that no message, live head or manifest names any more, once they are older than a grace time; harmless to repeat"
    collectGarbage(input: CollectGarbageInput!): CollectGarbageResult!
    "Folds every event anew beside the tables that queries read, and swaps them"
    rebuildReadModel: RebuildReadModelPayload!
  }
  "SHA-256 over all rows ordered by key, of the old and the new fold of the same events"
  type RebuildReadModelPayload {
    before: String!
    after: String!
    events: Int!
  }
  input IngestDatasetInput {
    name: String!
    parameters: JSONObject
    "Id of an upload, never a path or URL"
    source: String
    idempotencyKey: String
  }
  input RunExperimentInput {
    name: String!
    preset: String!
    seeds: Int
    set: [String!]
    fresh: Boolean = false
    priority: Int = 0
    idempotencyKey: String
  }
  input CreateRunInput {
    spec: JSONObject!
    idempotencyKey: String
  }
  input CancelRunInput {
    id: ID!
    idempotencyKey: String
  }
  input RetryRunInput {
    id: ID!
    idempotencyKey: String
  }
  input DeleteInput {
    id: ID!
    dryRun: Boolean = true
    idempotencyKey: String
  }
  input CollectGarbageInput {
    dryRun: Boolean = true
    graceHours: Int = 24
  }

  type IngestDatasetPayload {
    dataset: String!
    ingestId: ID!
  }
  "\`runIds\` is empty while the data is still to be made"
  type RunExperimentPayload {
    experiment: Experiment!
    preset: String!
    cursor: String!
    runIds: [ID!]!
  }
  type CreateRunPayload {
    run: Run!
  }
  type CancelRunPayload {
    run: Run!
  }
  type RetryRunPayload {
    run: Run!
  }
  type DeletePayload {
    id: ID!
    objects: Int!
    bytes: BigInt!
    dryRun: Boolean!
  }
  "Garbage of one kind: \`run\`, \`version\`, \`analysis\`, \`blob\`, \`upload\`: what it was a part of"
  type GarbageKind {
    kind: String!
    objects: Int!
    bytes: BigInt!
  }
  "\`keys\` are the first thousand; in a dry run all of it is still there"
  type CollectGarbagePayload {
    dryRun: Boolean!
    objects: Int!
    bytes: BigInt!
    kinds: [GarbageKind!]!
    keys: [String!]!
    keptObjects: Int!
    keptBytes: BigInt!
  }
  union CollectGarbageResult = CollectGarbagePayload | ValidationError | ConflictError | ForbiddenError
  union IngestDatasetResult = IngestDatasetPayload | ValidationError | NotFoundError | ConflictError | ForbiddenError
  union RunExperimentResult = RunExperimentPayload | ValidationError | NotFoundError | ConflictError | ForbiddenError
  union CreateRunResult = CreateRunPayload | ValidationError | NotFoundError | ConflictError | ForbiddenError
  union CancelRunResult = CancelRunPayload | ValidationError | NotFoundError | ConflictError | ForbiddenError
  union RetryRunResult = RetryRunPayload | ValidationError | NotFoundError | ConflictError | ForbiddenError
  union DeleteResult = DeletePayload | ValidationError | NotFoundError | ConflictError | ForbiddenError
`;

/** Mutations under one key wait for each other, so that the second finds what the first did. */
const line = new Map<string, Promise<unknown>>();

async function inLine<R>(key: string, work: () => Promise<R>): Promise<R> {
  const before = line.get(key) ?? Promise.resolve();
  const mine = before.catch(() => undefined).then(work);
  line.set(key, mine);
  try {
    return await mine;
  } finally {
    if (line.get(key) === mine) line.delete(key);
  }
}

const taking =
  <I extends { readonly idempotencyKey?: string | null }, R>(mutation: (input: I, c: Context) => Promise<R>) =>
  (_: unknown, { input }: { input: I }, c: Context): Promise<R> =>
    input.idempotencyKey
      ? inLine(`${c.options.projectId} ${input.idempotencyKey}`, () => mutation(input, c))
      : mutation(input, c);

export const resolvers = {
  Mutation: {
    ingestDataset: taking(ingestDataset),
    runExperiment: taking(runExperiment),
    createRun: taking(createRun),
    cancelRun: taking(cancelRun),
    retryRun: taking(retryRun),
    deleteRun: taking(deleteRun),
    deleteExperiment: taking(deleteExperiment),
    deleteDatasetVersion: taking(deleteDatasetVersion),
    collectGarbage: (_: unknown, { input }: { input: CollectGarbageInput }, c: Context) => collect(input, c),
    rebuildReadModel: (_: unknown, __: unknown, { options }: Context) => options.readModel.rebuild(),
  },
};
