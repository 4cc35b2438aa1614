import { errorCode, StorageFullError } from '../../errors';

/** The store answered, and not with what was asked for. */
export class S3Failure extends Error {
  override readonly name = 'S3Failure';
  constructor(
    readonly status: number,
    /** S3's name for it, such as `NoSuchKey`; empty where the answer has no body */
    readonly code: string,
    readonly asked: string,
    said: string,
    /** bytes of the object, where an answer to a range outside it tells them */
    readonly size: number | null,
  ) {
    super(`S3 answered ${[status, code].filter(Boolean).join(' ')} to ${asked}${said && `: ${said}`}`);
  }
}

/** Nothing came for so long that the request was given up; whether it was carried out is not known. */
export class S3TimeoutError extends Error {
  override readonly name = 'S3TimeoutError';
}

/** The object store does not answer, or answers that it cannot now. Nothing of a write was acknowledged; it may be tried again. */
export class ObjectStoreUnavailableError extends Error {
  override readonly name = 'ObjectStoreUnavailableError';
  constructor(
    readonly endpoint: string,
    readonly asked: string,
    cause: Error,
  ) {
    super(`the object store at ${endpoint} is not available (${asked}): ${cause.message}`, { cause });
  }
}

const passing = new Set([408, 429, 500, 502, 503, 504]);
const broken = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENETDOWN',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ERR_STREAM_PREMATURE_CLOSE',
  'ERR_STREAM_DESTROYED',
]);

/** Whether trying the same again later may help. */
export function isUnavailable(error: unknown): error is Error {
  if (error instanceof ObjectStoreUnavailableError || error instanceof S3TimeoutError) return true;
  if (error instanceof S3Failure) return passing.has(error.status) || error.code === 'RequestTimeout';
  return broken.has(errorCode(error) ?? '');
}

export const isStatus = (error: unknown, ...statuses: number[]): error is S3Failure =>
  error instanceof S3Failure && statuses.includes(error.status);

/** A key without an object; a missing bucket is another matter. */
export const isMissing = (error: unknown): boolean => isStatus(error, 404) && error.code !== 'NoSuchBucket';

/** Turns what the store said into the errors that the port names. */
export function translated(error: unknown, endpoint: string, asked: string): unknown {
  if (
    error instanceof S3Failure &&
    (error.status === 507 || /StorageFull|QuotaExceeded/i.test(error.code) || /no space left/i.test(error.message))
  )
    return new StorageFullError(asked.replace(/^(writing|swapping) /, ''), endpoint, { cause: error });
  if (isUnavailable(error) && !(error instanceof ObjectStoreUnavailableError))
    return new ObjectStoreUnavailableError(endpoint, asked, error);
  return error;
}
