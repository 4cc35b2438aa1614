import type { Position } from './port';

/** This record can never be handled (bytes, schema, invariant): it goes to the dead-letter topic and the partition moves on. */
export class DeadLetterError extends Error {
  constructor(
    message: string,
    /** index in the batch of the record meant; 0 for single records */
    readonly index: number = 0,
  ) {
    super(message);
    this.name = 'DeadLetterError';
  }
}

/** The position is older than what is kept. */
export class RetentionError extends Error {
  constructor(
    readonly asked: Position,
    readonly first: number,
  ) {
    super(`${asked.topic}[${asked.partition}] is kept from offset ${first} on; ${asked.offset} is gone`);
    this.name = 'RetentionError';
  }
}

/** A stored record does not match its checksum. */
export class CorruptRecordError extends Error {
  constructor(
    readonly position: Position,
    why: string,
  ) {
    super(`${position.topic}[${position.partition}] offset ${position.offset} is damaged: ${why}`);
    this.name = 'CorruptRecordError';
  }
}

/** The log or store has no room: nothing was acknowledged, and the same call works again once there is some. */
export class StorageFullError extends Error {
  constructor(where: string, cause: unknown) {
    super(`no space left in ${where}: free some and the work goes on`, { cause });
    this.name = 'StorageFullError';
  }
}

export class RecordTooLargeError extends Error {
  constructor(topic: string, bytes: number, most: number) {
    super(`a record of ${bytes} bytes for ${topic} is over the ${most} allowed; put the content into the object store and send its hash`);
    this.name = 'RecordTooLargeError';
  }
}

/** Whether an error says that a disk or memory map is full. */
export function isStorageFull(error: unknown): boolean {
  const e = error as { code?: unknown; message?: unknown };
  return e?.code === 'ENOSPC' || e?.code === 'EDQUOT' || e?.code === 28 || e?.code === -30792 || /ENOSPC|MDB_MAP_FULL|No space left/.test(String(e?.message ?? ''));
}
