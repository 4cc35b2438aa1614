/** The database does not answer now; the same question may be answered later. `because` is for people. */
export class ReadModelUnavailableError extends Error {
  override readonly name = 'ReadModelUnavailableError';
  constructor(
    readonly because: string,
    options?: ErrorOptions,
  ) {
    super(`the read model's database cannot answer: ${because}`, options);
  }
}

/**
 * States of PostgreSQL (appendix A of its manual) that pass: connections (08), resources (53), a statement that took too long, the
 * server going down or coming up (57), transactions that were in each other's way (40), one that was idle for too long (25P03), tables of a generation that has just been replaced (42P01).
 */
const passing = /^(08|53|57|40)|^25P03$|^42P01$/;

/** Whether the connection on which that happened can still be used. */
export const isConnectionLost = (error: unknown): boolean => {
  const { code } = error as { code?: string };
  return !/^[0-9A-Z]{5}$/.test(code ?? '') || /^(08|57P0[1-5]|25P03)/.test(code!);
};

/** Errors that pass as `ReadModelUnavailableError`; what is wrong with the question itself, or the settings, stays as it is. */
export function asUnavailable(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof ReadModelUnavailableError) return error;
  const { code } = error as { code?: string };
  if (/^[0-9A-Z]{5}$/.test(code ?? '') && !passing.test(code!)) return error;
  // A connection that is refused on every address of a name says so of each.
  const all =
    error instanceof AggregateError ? (error.errors as Error[]).map((e) => e.message).join('; ') : error.message;
  return new ReadModelUnavailableError(all || code || error.name, { cause: error });
}
