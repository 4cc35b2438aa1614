import type { MessageType, WholeEnvelope } from '@minvar/contracts';
import type { Transaction } from 'kysely';
import type { Tables } from '../schema/tables';

/** One record of the log with its position. */
export interface LogRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly envelope: WholeEnvelope;
}

/** A record whose envelope is of one of these types. */
export type RecordOf<T extends MessageType> = Omit<LogRecord, 'envelope'> & {
  readonly envelope: Extract<WholeEnvelope, { type: T }>;
};

/** Folds the records of one batch that concern it, in the order of the log; leaves the others alone. */
export type Fold = (tx: Transaction<Tables>, records: readonly LogRecord[]) => Promise<void>;

/** The records of these types, in order. */
export function ofTypes<T extends MessageType>(records: readonly LogRecord[], ...types: readonly T[]): RecordOf<T>[] {
  const wanted = new Set<string>(types);
  return records.filter((r) => wanted.has(r.envelope.type)) as unknown as RecordOf<T>[];
}
