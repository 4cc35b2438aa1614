import type { NewRecord, Position, TopicPartition } from '../port';
import { recordBytes } from '../port';
import type { Client } from './client';
import { leaderOf } from './client';
import { encodeMessage } from './records';
import { maxBatchBytes } from './topics';

export interface Writer {
  /** Resolves when all records are acknowledged by all replicas in sync. */
  append(records: readonly NewRecord[]): Promise<Position[]>;
  /** Waits for appends in progress. */
  idle(): Promise<void>;
}

interface Call {
  readonly records: readonly NewRecord[];
  resolve(positions: Position[]): void;
  reject(error: unknown): void;
}

interface Placed {
  readonly record: NewRecord;
  readonly call: Call;
  readonly index: number;
}

/** What goes to one partition, in batches that a broker takes. */
interface Queue extends TopicPartition {
  readonly batches: Placed[][];
}

/**
 * Writes one lot after the other: what arrives while a lot is written makes the next one. Within a lot every partition has one batch on the
 * way at a time, so that a batch that is tried again cannot overtake another. A repeat after a lost reply is a duplicate, which readers pass
 * over by the messages' ids.
 */
export function createWriter(options: {
  client: Client;
  partitionFor: (record: NewRecord) => number;
  /** makes a topic that contracts do not know */
  ensure: (topics: readonly string[]) => Promise<void>;
  timeoutMs: number;
}): Writer {
  const { client, partitionFor, ensure, timeoutMs } = options;
  let gathered: Call[] = [];
  let writing: Promise<void> | null = null;

  async function writeGathered(): Promise<void> {
    while (gathered.length > 0) {
      const calls = gathered;
      gathered = [];
      const positions = new Map(calls.map((call) => [call, [] as Position[]]));
      const failed = new Map<Call, unknown>();
      await Promise.all(
        queuesOf(calls).map(async (queue) => {
          for (const batch of queue.batches) {
            // A call that failed elsewhere is not acknowledged whatever happens here; its order is kept by stopping.
            try {
              const base = await produce(queue, batch);
              batch.forEach(({ call, index }, i) => {
                positions.get(call)![index] = { topic: queue.topic, partition: queue.partition, offset: base + i };
              });
            } catch (error) {
              for (const rest of queue.batches.slice(queue.batches.indexOf(batch)))
                for (const { call } of rest) failed.set(call, error);
              return;
            }
          }
        }),
      );
      for (const call of calls) {
        if (failed.has(call)) call.reject(failed.get(call));
        else call.resolve(positions.get(call)!);
      }
    }
    writing = null;
  }

  function queuesOf(calls: readonly Call[]): Queue[] {
    const queues = new Map<string, Queue & { bytes: number }>();
    for (const call of calls) {
      for (const [index, record] of call.records.entries()) {
        const partition = partitionFor(record);
        const id = `${record.topic}/${partition}`;
        let queue = queues.get(id);
        if (!queue) queues.set(id, (queue = { topic: record.topic, partition, batches: [[]], bytes: 0 }));
        const size = recordBytes(record) + 100;
        if (queue.bytes + size > maxBatchBytes) {
          queue.batches.push([]);
          queue.bytes = 0;
        }
        queue.bytes += size;
        queue.batches.at(-1)!.push({ record, call, index });
      }
    }
    return [...queues.values()];
  }

  /** Offset of the batch's first record. */
  function produce({ topic, partition }: TopicPartition, batch: readonly Placed[]): Promise<number> {
    const messages = batch.map(({ record }) => encodeMessage(record));
    return client.ask(
      `a write to ${topic}/${partition}`,
      async (cluster) => {
        const broker = await cluster.findBroker({ nodeId: leaderOf(cluster, topic, partition) });
        const { topics } = await broker.produce({
          acks: -1,
          timeout: 8000,
          topicData: [{ topic, partitions: [{ partition, firstSequence: 0, messages }] }],
        });
        return Number(topics[0]!.partitions[0]!.baseOffset);
      },
      { topics: [topic], forMs: timeoutMs },
    );
  }

  return {
    async append(records) {
      await ensure([...new Set(records.map((r) => r.topic))]);
      return new Promise((resolve, reject) => {
        gathered.push({ records, resolve, reject });
        writing ??= Promise.resolve().then(writeGathered);
      });
    },
    async idle() {
      await writing;
    },
  };
}
