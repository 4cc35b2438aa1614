import { randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { WholeEnvelope } from '@minvar/contracts';
import type { Consumer, EventLog, LargeReader, LogRecord, Position } from '@minvar/service-kit';
import { DeadLetterError, decodeEvent, wholeEvent } from '@minvar/service-kit';

export interface FactsReader {
  /** Resolves when everything that was in the log at the call has been read. */
  readonly start: () => Promise<void>;
  readonly stop: () => Promise<void>;
}

const at = (positions: readonly Position[], topic: string, partition: number): number =>
  positions.find((p) => p.topic === topic && p.partition === partition)?.offset ?? 0;

/**
 * Reads topics from their first record on, at every start again: the reader's memory is a fold of them. `live` is false
 * for what was in the log before the start.
 */
export function createFactsReader(
  log: EventLog,
  topics: readonly string[],
  readLarge: LargeReader,
  on: (event: WholeEnvelope, live: boolean) => Promise<void>,
): FactsReader {
  let before: readonly Position[] = [];
  const reader: Consumer = log.consumer({
    // A group of its own: every trainer reads everything.
    group: `trainer-facts-${randomBytes(6).toString('hex')}`,
    consumer: 'trainer-facts',
    topics,
    storedOffsets: async () => [],
    onBatch: async ({ records }) => {
      for (const record of records) {
        const event = await readable(record, readLarge);
        if (event) await on(event, record.offset >= at(before, record.topic, record.partition));
      }
    },
  });

  return {
    start: async () => {
      const [begin, end] = await Promise.all([log.begin(topics), log.end(topics)]);
      before = end;
      await reader.start();
      const open = (): Position[] =>
        end.filter(
          (e) =>
            e.offset > at(begin, e.topic, e.partition) &&
            (reader.status().find((s) => s.topic === e.topic && s.partition === e.partition)?.next ?? 0) < e.offset,
        );
      while (open().length > 0) await pause(5);
    },
    stop: () => reader.stop(),
  };
}

/** Null for what is no event: it is the projection's to put it aside, once; here it would come again at every start. */
async function readable(record: LogRecord, readLarge: LargeReader): Promise<WholeEnvelope | null> {
  try {
    return await wholeEvent(decodeEvent(record), readLarge);
  } catch (e) {
    if (e instanceof DeadLetterError) return null;
    throw e;
  }
}
