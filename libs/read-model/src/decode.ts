import type { AnyEnvelope } from '@minvar/contracts';
import { decodeEvent } from '@minvar/service-kit';
import type { LogRecord as StoredRecord } from '@minvar/service-kit';
import type { LogRecord } from './fold/record';

const withPosition = (r: StoredRecord, envelope: AnyEnvelope): LogRecord => ({
  topic: r.topic,
  partition: r.partition,
  offset: r.offset,
  envelope,
});

/** Typed messages with their positions. Throws `DeadLetterError` for a record that is none. */
export const decodeRecords = (records: readonly StoredRecord[]): LogRecord[] =>
  records.map((r) => withPosition(r, decodeEvent(r)));

/** As `decodeRecords`, for a rebuild: what went to the dead letters when it came is passed over. */
export const decodeReadable = (records: readonly StoredRecord[]): LogRecord[] =>
  records.flatMap((r) => {
    try {
      return [withPosition(r, decodeEvent(r))];
    } catch {
      return [];
    }
  });
