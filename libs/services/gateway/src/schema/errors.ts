import type { ExpectedError } from '../errors';

const fields = 'message: String! code: String! path: [String!]';

/** Expected failures of mutations: members of the result unions, never top-level errors. */
export const typeDefs = /* GraphQL */ `
  interface Error { message: String! code: String! path: [String!] }
  "The input makes no sense as it stands; the message lists what is allowed"
  type ValidationError implements Error { ${fields} }
  "There is no such thing"
  type NotFoundError implements Error { ${fields} }
  "It cannot be done in the state that things are in"
  type ConflictError implements Error { ${fields} }
  "The caller may not do this"
  type ForbiddenError implements Error { ${fields} }
`;

const typed = { __resolveType: (value: { __typename: string }) => value.__typename };

export const resolvers = {
  Error: { __resolveType: (error: ExpectedError) => error.__typename },
  IngestDatasetResult: typed,
  RunExperimentResult: typed,
  CreateRunResult: typed,
  CancelRunResult: typed,
  RetryRunResult: typed,
  DeleteResult: typed,
  CollectGarbageResult: typed,
  DeadLettersResult: typed,
};
