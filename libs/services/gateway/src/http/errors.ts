import { ReadModelUnavailableError } from '@minvar/read-model';
import { GraphQLError } from 'graphql';
import type { GraphQLFormattedError } from 'graphql';
import type { Logger } from '../options';
import { brokenLimit, limits, tooLarge } from './limits';

/** What a client sees of an error: ours as they are, bugs as one sentence without their insides, which go to the log. */
export function shownError(formatted: GraphQLFormattedError, error: unknown, logger: Logger): GraphQLFormattedError {
  const original = error instanceof GraphQLError ? error.originalError : error;
  const isOurs =
    (original === undefined || original === null || original instanceof GraphQLError) && error instanceof GraphQLError;
  const { stacktrace: _, ...extensions } = (formatted.extensions ?? {}) as Record<string, unknown>;
  if (isOurs) {
    const limit = brokenLimit(formatted.message, extensions);
    if (limit !== null) {
      const isLong = limit === limits.tokens && /tokens/.test(formatted.message);
      const message = isLong
        ? `the operation has more than ${limit} tokens: ask for less at a time`
        : formatted.message;
      return { ...formatted, message, extensions: { ...extensions, code: tooLarge, limit } };
    }
    // Values that variables and arguments cannot take are bad input, whoever found them.
    const code =
      extensions.code === 'INTERNAL_SERVER_ERROR' || extensions.code === undefined ? 'BAD_USER_INPUT' : extensions.code;
    return { ...formatted, extensions: { ...extensions, code } };
  }
  if (original instanceof ReadModelUnavailableError) {
    logger.warn({ err: original, path: formatted.path }, 'the read model’s database did not answer');
    return {
      message: `the tables that answers are read from cannot be had now (${original.because}); ask again in a moment`,
      path: formatted.path,
      extensions: { code: 'READ_MODEL_UNAVAILABLE' },
    };
  }
  logger.error({ err: original, path: formatted.path }, 'a resolver failed');
  return {
    message: 'something went wrong in the gateway; its log says what',
    path: formatted.path,
    extensions: { code: 'INTERNAL_SERVER_ERROR' },
  };
}
