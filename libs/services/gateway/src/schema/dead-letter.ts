import { deadLetterConsumers } from '@minvar/contracts';
import type { Context } from '../context';
import type { DeadLetter } from '../dead-letters/letters';
import { parseLetterId, readDeadLetters } from '../dead-letters/letters';
import type { SettleInput } from '../dead-letters/settle';
import { settleLetters } from '../dead-letters/settle';
import { badInput } from '../errors';
import { connection, decodePageKey, pageSize } from '../page-cursor';

export const typeDefs = /* GraphQL */ `
  extend type Query {
    "Messages that could not be handled and that nobody has dealt with, those of one consumer or of all, each one's in the order in which they died"
    deadLetters(first: Int = 50, after: String, consumer: String): DeadLetterConnection!
  }
  extend type Mutation {
    "Puts the original messages back on their topics, for instance after an upgrade that can read them"
    replayDeadLetters(input: DeadLettersInput!): DeadLettersResult!
    "Notes that these are dealt with; they stay in the log, and are listed no more"
    dropDeadLetters(input: DeadLettersInput!): DeadLettersResult!
  }
  input DeadLettersInput {
    "1 to 200"
    ids: [ID!]!
  }
  "A message that a consumer could not handle, as it was, and why"
  type DeadLetter {
    id: ID!
    consumer: String!
    topic: String!
    partition: Int!
    offset: BigInt!
    key: String!
    "Its CloudEvents type, where that can be read"
    type: String
    "\`decode\`, \`schema\`, \`invariant\` or \`corrupt\`"
    reason: String!
    message: String!
    diedAt: DateTime!
    sizeBytes: Int!
    "The first 4,000 characters; null when it is no text"
    body: String
  }
  type DeadLetterEdge {
    cursor: String!
    node: DeadLetter!
  }
  type DeadLetterConnection {
    edges: [DeadLetterEdge!]!
    pageInfo: PageInfo!
    totalCount: Int!
  }
  type DeadLettersPayload {
    ids: [ID!]!
  }
  union DeadLettersResult = DeadLettersPayload | ValidationError | NotFoundError | ConflictError | ForbiddenError
`;

interface Args {
  readonly first?: number | null;
  readonly after?: string | null;
  readonly consumer?: string | null;
}

async function listDeadLetters({ first, after, consumer }: Args, { options }: Context) {
  const size = pageSize(first);
  if (consumer && !(deadLetterConsumers as readonly string[]).includes(consumer))
    throw badInput(`consumer: '${consumer}' has no dead letters; there are ${deadLetterConsumers.join(', ')}`);
  const last = parseLetterId(decodePageKey('deadLetters', after, 0)?.id ?? '');
  const { open } = await readDeadLetters(options.log, consumer ? [consumer] : undefined);
  // Consumers come in the order of their names: the place of a letter that was dealt with meanwhile is known all the same.
  const rest = last
    ? open.filter((l) => l.consumer > last.consumer || (l.consumer === last.consumer && l.letterOffset > last.offset))
    : open;
  const rows = rest.slice(0, size).map((letter) => ({ id: letter.id, page_key: [], letter }));
  return connection(
    'deadLetters',
    { rows, hasNextPage: rest.length > size },
    ({ letter }) => letter,
    () => open.length,
  );
}

function textOf(value: Uint8Array): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(value).slice(0, 4000);
  } catch {
    return null;
  }
}

export const resolvers = {
  Query: { deadLetters: (_: unknown, args: Args, c: Context) => listDeadLetters(args, c) },
  Mutation: {
    replayDeadLetters: (_: unknown, { input }: { input: SettleInput }, c: Context) =>
      settleLetters('replayed', input, c),
    dropDeadLetters: (_: unknown, { input }: { input: SettleInput }, c: Context) => settleLetters('dropped', input, c),
  },
  DeadLetter: {
    topic: ({ original }: DeadLetter) => original.topic,
    key: ({ original }: DeadLetter) => original.key,
    type: ({ original }: DeadLetter) => original.headers['ce_type'] ?? null,
    sizeBytes: ({ original }: DeadLetter) => original.value.byteLength,
    body: ({ original }: DeadLetter) => textOf(original.value),
  },
};
