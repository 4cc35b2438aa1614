import { GraphQLError } from 'graphql';

/** A bad query or subscription argument. */
export const badInput = (message: string): GraphQLError =>
  new GraphQLError(message, { extensions: { code: 'BAD_USER_INPUT' } });

/** The cursor is older than what is kept, or of another log. */
export const resync = (why: string): GraphQLError =>
  new GraphQLError(`${why}; read the state together with Query.cursor and subscribe with that as 'after'`, {
    extensions: { code: 'RESYNC' },
  });

export type ErrorTypeName = 'ValidationError' | 'NotFoundError' | 'ConflictError' | 'ForbiddenError';

/** An expected failure of a mutation: a member of its result union. */
export interface ExpectedError {
  readonly __typename: ErrorTypeName;
  readonly message: string;
  readonly code: string;
  readonly path: readonly string[] | null;
}

const expected =
  (__typename: ErrorTypeName, defaultCode: string) =>
  (message: string, path: readonly string[] | null = null, code = defaultCode): ExpectedError => ({
    __typename,
    message,
    code,
    path,
  });

export const validationError = expected('ValidationError', 'VALIDATION');
export const notFoundError = expected('NotFoundError', 'NOT_FOUND');
export const conflictError = expected('ConflictError', 'CONFLICT');
