import { UsageError, WorkError } from '../errors';

interface Failure {
  readonly __typename: string;
  readonly message: string;
  readonly code: string;
  readonly path: readonly string[] | null;
}

const isFailure = (x: { __typename?: string }): x is Failure => /Error$/.test(x.__typename ?? '');

/** The payload of a mutation, or the expected failure as an error: a wrong value is wrong usage, a conflict failed work. */
export function payloadOf<T extends { __typename?: string }>(result: T): Exclude<T, { __typename: `${string}Error` }> {
  if (!isFailure(result)) return result as Exclude<T, { __typename: `${string}Error` }>;
  // the id or name is in the message already
  const place = result.path?.filter((p) => !['input', 'id', 'name'].includes(p)).join('.');
  const text = place && !result.message.startsWith(place) ? `${place}: ${result.message}` : result.message;
  throw ['ValidationError', 'NotFoundError'].includes(result.__typename) ? new UsageError(text) : new WorkError(text);
}

/** All nodes of a connection, page after page. */
export async function allPages<N>(
  page: (
    after: string | null,
  ) => Promise<{ pageInfo: { hasNextPage: boolean; endCursor: string | null }; edges: readonly { node: N }[] }>,
): Promise<N[]> {
  const nodes: N[] = [];
  let after: string | null = null;
  for (;;) {
    const { pageInfo, edges } = await page(after);
    nodes.push(...edges.map((e) => e.node));
    if (!pageInfo.hasNextPage || pageInfo.endCursor === null) return nodes;
    after = pageInfo.endCursor;
  }
}
