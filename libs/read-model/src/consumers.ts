import { topics as allTopics } from '@minvar/contracts';
import type { Batch, Consumer, EventLog, LogRecord, Position } from '@minvar/service-kit';
import { decodeRecords, wholeRecords } from './decode';
import type { LogRecord as WholeRecord } from './fold/record';
import { partitionKey } from './position';
import type { ReadObjects } from './rebuild';
import { isShortLived } from './rebuild';

export const topics = [...allTopics.keys()];
/** Bytes of points and log lines that one transaction takes at most, so that questions and commands need not wait long behind it. */
const transactionBytes = 256 * 1024;

/** Bytes of other messages, with what they refer to, that one transaction takes at most: so much is in memory at once. */
const memoryBytes = 8 * 1024 * 1024;

/** Records in order, in parts of about that many bytes. */
function partsOf<R>(records: readonly R[], bytesOf: (r: R) => number, limit: number): R[][] {
  const parts: R[][] = [];
  let bytes = Infinity;
  for (const r of records) {
    if (bytes + bytesOf(r) > limit) {
      parts.push([]);
      bytes = 0;
    }
    parts.at(-1)!.push(r);
    bytes += bytesOf(r);
  }
  return parts;
}

export interface FollowOptions {
  readonly log: EventLog;
  /** names the dead letters' topic */
  readonly consumer: string;
  readonly group: string;
  readonly objects: ReadObjects;
  /** the next offset of each partition, as it stands beside the rows */
  readonly stored: () => Promise<readonly Position[]>;
  /** folds whole records in one transaction; `isLive`: points and log lines, which let others go first */
  readonly apply: (records: readonly WholeRecord[], isLive: boolean) => Promise<void>;
  /** moves past a record that can never be folded */
  readonly skip: (record: LogRecord) => Promise<void>;
  readonly onNotice: (message: string) => void;
}

/**
 * Two consumers: a flood of points and log lines, which are folded in small transactions that let others go first, holds up
 * neither commands and events nor questions.
 */
export async function startConsumers(o: FollowOptions): Promise<readonly Consumer[]> {
  const { log, consumer, group, objects, onNotice } = o;

  async function apply(records: Batch['records'], isLive: boolean): Promise<void> {
    for (const part of partsOf(decodeRecords(records), (r) => r.bytes, memoryBytes))
      await o.apply(await wholeRecords(part, objects.readLarge), isLive);
  }
  const consumerOf = (group: string, of: readonly string[], onBatch: (batch: Batch) => Promise<void>): Consumer =>
    log.consumer({
      group,
      consumer,
      topics: of,
      maxBatch: 1000,
      storedOffsets: async (partitions) => {
        const wanted = new Set(partitions.map((p) => partitionKey(p.topic, p.partition)));
        return (await o.stored()).filter((p) => wanted.has(partitionKey(p.topic, p.partition)));
      },
      onBatch,
      onDeadLetter: (record) => o.skip(record),
      onError: (e, at) =>
        onNotice(`read model: ${at.topic}/${at.partition} offset ${at.offset}: ${(e as Error).message}`),
    });
  const consumers = [
    consumerOf(
      group,
      topics.filter((t) => !isShortLived(t)),
      ({ records }) => apply(records, false),
    ),
    consumerOf(`${group}-live`, topics.filter(isShortLived), async ({ records, signal }) => {
      for (const part of partsOf(records, (r) => r.value.byteLength, transactionBytes)) {
        // what is left comes again at the next start
        if (signal.aborted) throw new Error('stopped in the middle of a batch');
        await apply(part, true);
      }
    }),
  ];
  try {
    for (const c of consumers) await c.start();
  } catch (e) {
    await Promise.allSettled(consumers.map((c) => c.stop()));
    throw e;
  }
  return consumers;
}
