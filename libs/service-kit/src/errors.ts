/** No space left where `what` was to be written. Nothing of it was acknowledged; it may be tried again when there is space. */
export class StorageFullError extends Error {
  override readonly name = 'StorageFullError';
  constructor(
    readonly what: string,
    readonly where: string,
    options?: ErrorOptions,
  ) {
    super(`no space left in ${where} while writing ${what}; free some and it goes on by itself`, options);
  }
}

// LMDB gives numbers: errno, and its own MDB_MAP_FULL.
const fullCodes = new Set<unknown>(['ENOSPC', 'EDQUOT', 28, 122, -30792]);

/** Whether an error, or a cause of it, says that a disk or quota is full. */
export function isFull(error: unknown): boolean {
  for (let e = error; e instanceof Error; e = e.cause) {
    if (e instanceof StorageFullError) return true;
    if (fullCodes.has((e as { code?: unknown }).code)) return true;
  }
  return false;
}

export const errorCode = (error: unknown): string | undefined =>
  error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
