import type { AnyEnvelope, WholeEnvelope } from '@minvar/contracts';
import { DeadLetterError, decodeEvent, largeBytes, wholeEvent } from '@minvar/service-kit';
import type { LargeReader, LogRecord as StoredRecord } from '@minvar/service-kit';
import type { LogRecord } from './fold/record';

/** A message as it was in the log: parts of it may lie in the object store. */
export interface DecodedRecord extends Omit<LogRecord, 'envelope'> {
  readonly envelope: AnyEnvelope;
  /** bytes in memory when it is whole */
  readonly bytes: number;
}

function decode(r: StoredRecord): DecodedRecord {
  const envelope = decodeEvent(r);
  const { topic, partition, offset } = r;
  return { topic, partition, offset, envelope, bytes: r.value.byteLength + largeBytes(envelope) };
}

/** Typed messages with their positions. Throws `DeadLetterError` for a record that is none. */
export const decodeRecords = (records: readonly StoredRecord[]): DecodedRecord[] => records.map(decode);

/** As `decodeRecords`, for a rebuild: what went to the dead letters when it came is passed over. */
export const decodeReadable = (records: readonly StoredRecord[]): DecodedRecord[] =>
  records.flatMap((r) => {
    try {
      return [decode(r)];
    } catch (e) {
      if (e instanceof DeadLetterError) return [];
      throw e;
    }
  });

const withEnvelope = ({ bytes: _, ...at }: DecodedRecord, envelope: WholeEnvelope): LogRecord => ({ ...at, envelope });

/** The messages with every part in place. Throws `DeadLetterError` when a part can never be had. */
export const wholeRecords = (records: readonly DecodedRecord[], read: LargeReader | undefined): Promise<LogRecord[]> =>
  Promise.all(records.map(async (r) => withEnvelope(r, await wholeEvent(r.envelope, read))));

/** As `wholeRecords`, for a rebuild. */
export async function wholeReadable(
  records: readonly DecodedRecord[],
  read: LargeReader | undefined,
): Promise<LogRecord[]> {
  const found = await Promise.all(
    records.map(async (r) => {
      try {
        return [withEnvelope(r, await wholeEvent(r.envelope, read))];
      } catch (e) {
        if (e instanceof DeadLetterError) return [];
        throw e;
      }
    }),
  );
  return found.flat();
}
