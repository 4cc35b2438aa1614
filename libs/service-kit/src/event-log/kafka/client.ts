import type { Kafka } from 'kafkajs';
import { backoffMs, pause } from '../waiting';
import type { Cluster } from './wire';
import { createCluster, protocolError } from './wire';

/** Connections that come back: whatever fails is tried again on new ones, with growing pauses. */
export interface Client {
  /**
   * Does `work` until it succeeds. Rejects with the last error when `giveUp` says so of it, when `forMs` is over, or when the signal or
   * the client's end comes first. Work must be harmless when repeated.
   */
  ask<T>(what: string, work: (cluster: Cluster) => Promise<T>, options?: AskOptions): Promise<T>;
  /** Ends the connections there are; the next question makes new ones. */
  rest(): Promise<void>;
  close(): Promise<void>;
}

export interface AskOptions {
  /** default 30,000 */
  readonly forMs?: number;
  readonly giveUp?: (error: unknown) => boolean;
  readonly signal?: AbortSignal;
  /** topics whose leaders `work` needs */
  readonly topics?: readonly string[];
}

const limits = { first: 50, longest: 2000 };

/** Errors that say something of the request, not of the connection or of who leads. */
const lasting = new Set([
  'UNKNOWN_MEMBER_ID',
  'ILLEGAL_GENERATION',
  'REBALANCE_IN_PROGRESS',
  'INVALID_TOPIC_EXCEPTION',
  'MESSAGE_TOO_LARGE',
  'RECORD_LIST_TOO_LARGE',
  'OFFSET_OUT_OF_RANGE',
  'INVALID_SESSION_TIMEOUT',
  'TOPIC_AUTHORIZATION_FAILED',
  'GROUP_AUTHORIZATION_FAILED',
  'UNSUPPORTED_VERSION',
]);

export function createClient(kafka: Kafka, brokers: readonly string[]): Client {
  const closing = new AbortController();
  let current: Promise<Cluster> | null = null;

  /** The connections there are, or new ones. */
  function connected(): Promise<Cluster> {
    current ??= (async () => {
      const cluster = createCluster(kafka);
      try {
        await cluster.connect();
        await cluster.refreshMetadata(); // coordinators are asked for at brokers that are known
        return cluster;
      } catch (error) {
        await cluster.disconnect().catch(() => {});
        throw error;
      }
    })();
    return current;
  }

  function drop(failed: Promise<Cluster> | null): void {
    if (!failed || current !== failed) return;
    current = null;
    void failed.then((cluster) => cluster.disconnect()).catch(() => {});
  }

  async function rest(): Promise<void> {
    const last = current;
    current = null;
    await last?.then((cluster) => cluster.disconnect()).catch(() => {});
  }

  return {
    async ask(what, work, options = {}) {
      const { forMs = 30_000, giveUp, signal, topics } = options;
      const stop = signal ? AbortSignal.any([signal, closing.signal]) : closing.signal;
      const until = performance.now() + forMs;
      for (let failures = 1; ; failures++) {
        const asked = connected();
        try {
          const cluster = await asked;
          if (topics) await cluster.addMultipleTargetTopics(topics);
          return await work(cluster);
        } catch (error) {
          const type = protocolError(error);
          if (stop.aborted || (type !== undefined && lasting.has(type)) || giveUp?.(error)) throw error;
          const wait = backoffMs(failures, limits);
          if (performance.now() + wait > until)
            throw new Error(`Kafka at ${brokers.join(',')} does not answer ${what}: ${(error as Error).message}`, {
              cause: error,
            });
          // Leaders and coordinators move: new metadata tell. Anything else may be a connection that will not come back by itself.
          if (type === undefined) drop(asked);
          else await asked.then((cluster) => cluster.refreshMetadata()).catch(() => drop(asked));
          await pause(wait, stop);
          if (stop.aborted) throw error;
        }
      }
    },
    rest,
    async close() {
      closing.abort();
      await rest();
    },
  };
}

/** The node that leads a partition. Throws an error to be tried again when it has none now. */
export function leaderOf(cluster: Cluster, topic: string, partition: number): number {
  const found = cluster.findTopicPartitionMetadata(topic).find((p) => p.partitionId === partition);
  if (!found || found.leader < 0) throw new NoLeaderError(topic, partition);
  return found.leader;
}

class NoLeaderError extends Error {
  override readonly name = 'NoLeaderError';
  /** as if the broker had said so */
  readonly type = 'LEADER_NOT_AVAILABLE';
  constructor(topic: string, partition: number) {
    super(`${topic}/${partition} has no leader now`);
  }
}
