import type { Readable } from 'node:stream';

/** The object store: keys, bytes, and one conditional write. Two adapters: a folder (one machine) and S3. */
export interface ObjectStore {
  /** Writes or replaces an object; readers see the old or the new one, never a part. `StorageFullError`, `InvalidKeyError`. */
  put(key: string, content: Content): Promise<PutResult>;
  /** Writes immutable content under `blobs/sha256/ab/…`; writing the same content again costs no room, and counts as a change. */
  putBlob(content: Uint8Array | { file: string }): Promise<BlobRef>;
  /** A whole small object, or a range of one. `ObjectNotFoundError`, `RangeError` for a range outside it. */
  get(key: string, options?: { range?: ByteRange }): Promise<StoredObject & { body: Uint8Array }>;
  getStream(key: string, options?: { range?: ByteRange }): Promise<StoredObject & { body: Readable }>;
  /** Into a file, which appears only when whole; with `sha256`, only when it matches (`HashMismatchError`). */
  download(key: string, file: string, options?: { sha256?: string }): Promise<{ size: number; sha256: string }>;
  /** null when there is none. */
  stat(key: string): Promise<StoredObject | null>;
  /** Keys that begin with `prefix`, in the order of their bytes, after the key `after` if given. */
  list(prefix: string, options?: { after?: string; limit?: number }): AsyncIterable<ListedObject>;
  /** Removing what is not there is no error. `spent`: nobody will ever use this key again, so that no trace of it need be kept. */
  remove(key: string, options?: { spent?: boolean }): Promise<void>;
  /**
   * Compare-and-swap of a small object whose key ends in `.json`: `expected: null` creates it, an etag replaces exactly that body.
   * Of many contenders one wins; the others get `PreconditionFailed` with the current etag. Etags are hashes of the body, so every body
   * must be unique (nonce or counter). When it fails in any other way the caller reads back and looks for its nonce.
   */
  swap(key: string, body: Uint8Array, options: { expected: string | null }): Promise<{ etag: string }>;
  /** A link that reads this one object for a time, without signing in. */
  signedUrl(key: string, ttlSeconds: number, options?: { filename?: string }): Promise<string>;
  /** null when objects can be written and read, else why not. */
  healthy(): Promise<string | null>;
  close(): Promise<void>;
}

export type Content = Uint8Array | Readable | { readonly file: string };

/** Both ends included, as in HTTP; without `end` to the last byte. */
export interface ByteRange {
  readonly start: number;
  readonly end?: number;
}

export interface StoredObject {
  readonly key: string;
  /** bytes of the whole object, also when a range was asked for */
  readonly size: number;
  readonly etag: string;
  readonly modifiedAt: Date;
}

export interface ListedObject {
  readonly key: string;
  readonly size: number;
  readonly modifiedAt: Date;
}

export interface PutResult {
  readonly key: string;
  readonly size: number;
  readonly etag: string;
}

export interface BlobRef {
  readonly key: string;
  readonly sha256: string;
  readonly size: number;
}

export class ObjectNotFoundError extends Error {
  override readonly name = 'ObjectNotFoundError';
  constructor(readonly key: string) {
    super(`there is no object '${key}'`);
  }
}

/** Somebody else's body is there. */
export class PreconditionFailed extends Error {
  override readonly name = 'PreconditionFailed';
  constructor(
    readonly key: string,
    readonly expected: string | null,
    /** null: there is no object */
    readonly current: string | null,
  ) {
    super(
      `'${key}' was expected ${expected === null ? 'not to exist' : `with etag ${expected}`} but ${current === null ? 'does not exist' : `has etag ${current}`}`,
    );
  }
}

export class HashMismatchError extends Error {
  override readonly name = 'HashMismatchError';
  constructor(
    readonly key: string,
    readonly expected: string,
    readonly found: string,
  ) {
    super(`'${key}' has sha256 ${found} instead of ${expected}: it is damaged or not the object that was written`);
  }
}

export class InvalidKeyError extends Error {
  override readonly name = 'InvalidKeyError';
  constructor(
    readonly key: string,
    readonly because: string,
  ) {
    super(`${JSON.stringify(key.slice(0, 200))} is no object key: ${because}`);
  }
}
