import type { ArtifactRef } from '@minvar/contracts';
import type { Context } from '../context';

export const typeDefs = /* GraphQL */ `
  "An object of the store that may be opened by its link for a time"
  type Artifact {
    name: String!
    kind: String!
    mediaType: String!
    sizeBytes: BigInt!
    sha256: String!
    url: String!
    urlExpiresAt: DateTime
  }
`;

/** Seconds for which a link is good. */
const linkSeconds = 3600;

const fileName = (name: string): string => name.replace(/[^A-Za-z0-9._-]+/g, '-');

export const resolvers = {
  Artifact: {
    url: (a: ArtifactRef, _: unknown, { options }: Context) =>
      options.store.signedUrl(a.key, linkSeconds, { filename: fileName(a.name) }),
    urlExpiresAt: (_a: ArtifactRef, _: unknown, { now }: Context) => new Date(now().getTime() + linkSeconds * 1000),
  },
};
