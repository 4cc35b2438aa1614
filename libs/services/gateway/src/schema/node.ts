import { idKind } from '@minvar/contracts';
import type { Context } from '../context';
import { experimentById } from './experiment';

export const typeDefs = /* GraphQL */ `
  interface Node {
    id: ID!
  }
`;

/** The thing that an id names; its type stands in the id. */
export async function nodeOf(id: string, { options, loaders }: Context): Promise<{ __typename: string } | null> {
  switch (idKind(id)) {
    case 'run': {
      const run = await loaders.runs.load(id);
      return run && { __typename: 'Run', ...run };
    }
    case 'datasetVersion': {
      const version = await loaders.versions.load(id);
      return version && !version.deleted ? { __typename: 'DatasetVersion', ...version } : null;
    }
    case 'experiment': {
      const definition = experimentById(id, options);
      return definition && { __typename: 'Experiment', ...definition };
    }
    default:
      return null;
  }
}

export const resolvers = { Node: { __resolveType: (node: { __typename: string }) => node.__typename } };
