import { SpecError } from '@minvar/coordination';
import type { ExpectedError } from '../errors';
import { validationError } from '../errors';

/** The answer to a request that coordination refuses; any other error is a bug and goes on. */
export function specProblem(error: unknown, under: readonly string[]): ExpectedError {
  if (!(error instanceof SpecError)) throw error;
  return validationError(error.message, [...under, ...error.path.split('.').filter((part) => part !== '')]);
}

/** An unknown name, with those that there are. */
export const unknownName = (
  what: string,
  name: string,
  known: readonly string[],
  path: readonly string[],
): ExpectedError =>
  validationError(`${what} '${name}' is unknown; known are ${[...known].sort().join(', ') || 'none'}`, path);
