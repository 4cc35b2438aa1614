import { partitionKey } from '../group';
import type { LogRecord, TopicPartition } from '../port';
import { recordBytes, RetentionError } from '../port';
import { backoffMs, pause } from '../waiting';
import type { Client } from './client';
import { leaderOf } from './client';
import { decodeMessage } from './records';
import type { Cluster } from './wire';
import { protocolError } from './wire';

/*
 * Reads ahead of the handlers of one consumer: a question at a time to each broker, for all partitions whose buffers have room, answered when
 * there is something or after a moment. A partition whose handler is slow or failing fills its buffer and is left out; the others go on.
 */

const bufferBytes = 4 * 1024 * 1024;
const waitMs = 500;

interface Buffered extends TopicPartition {
  records: LogRecord[];
  bytes: number;
  /** offset that is fetched next; null until the reader has said where it begins */
  position: number | null;
  first: number;
  end: number;
  /** what the reader is told at its next read */
  problem: Error | null;
}

export interface Fetcher {
  start(): void;
  stop(): Promise<void>;
  /** Begins to read a partition that this consumer was given; `first` and `end` are its bounds now. */
  open(at: TopicPartition & { first: number; end: number }): void;
  forget(at: TopicPartition): void;
  bounds(at: TopicPartition): { first: number; end: number };
  /** As `ConsumerBackend.read`, of what is here already. */
  read(at: TopicPartition & { from: number; limit: number }): { records: readonly LogRecord[]; next: number };
}

export function createFetcher(options: {
  client: Client;
  topics: readonly string[];
  boundsNow: (at: TopicPartition) => Promise<{ first: number; end: number }>;
  /** called when there is something to read */
  changed: () => void;
  onError: (error: unknown) => void;
}): Fetcher {
  const { client, topics, boundsNow, changed, onError } = options;
  const partitions = new Map<string, Buffered>();
  const asked = new Map<number, Promise<void>>();
  let stopping = new AbortController();
  let running: Promise<void> | null = null;
  let wake = (): void => {};

  const wanted = (): Buffered[] =>
    [...partitions.values()].filter((p) => p.position !== null && p.bytes < bufferBytes && !p.problem);

  async function run(): Promise<void> {
    let failures = 0;
    const failed = (error: unknown): void => {
      failures += 1;
      if (!stopping.signal.aborted) onError(error);
    };
    while (!stopping.signal.aborted) {
      const woken = new Promise<void>((tell) => (wake = tell));
      try {
        if (failures > 0) {
          await pause(backoffMs(failures, { first: 50, longest: 2000 }), stopping.signal);
          await client.ask('the leaders of topics', (cluster) => cluster.refreshMetadata(), {
            topics,
            forMs: 5000,
            signal: stopping.signal,
          });
        }
        await askWhoIsFree((error) => (error ? failed(error) : void (failures = 0)));
      } catch (error) {
        failed(error);
      }
      if (failures === 0 && !stopping.signal.aborted) await woken;
    }
    asked.clear(); // open questions end with the connection, and nobody is left to be told
  }

  /** Asks every broker that has partitions with room and no question open. */
  async function askWhoIsFree(told: (error: unknown) => void): Promise<void> {
    const all = wanted();
    if (all.length === 0) return;
    await client.ask(
      'a read',
      async (cluster) => {
        const byLeader = new Map<number, Buffered[]>();
        for (const p of all) {
          const leader = leaderOf(cluster, p.topic, p.partition);
          byLeader.set(leader, [...(byLeader.get(leader) ?? []), p]);
        }
        for (const [leader, some] of byLeader) {
          if (asked.has(leader)) continue;
          const asking = fetchFrom(cluster, leader, some)
            .then(() => told(null), told)
            .finally(() => {
              if (asked.get(leader) === asking) asked.delete(leader);
              wake();
            });
          asked.set(leader, asking);
        }
      },
      { topics, signal: stopping.signal, forMs: 5000 },
    );
  }

  async function fetchFrom(cluster: Cluster, leader: number, some: readonly Buffered[]): Promise<void> {
    const { signal } = stopping;
    const broker = await cluster.findBroker({ nodeId: leader });
    const from = new Map(some.map((p) => [partitionKey(p), p.position!]));
    let answer;
    try {
      answer = await broker.fetch({
        maxWaitTime: waitMs,
        minBytes: 1,
        maxBytes: 2 * bufferBytes,
        topics: [...new Set(some.map((p) => p.topic))].map((topic) => ({
          topic,
          partitions: some
            .filter((p) => p.topic === topic)
            .map((p) => ({ partition: p.partition, fetchOffset: String(p.position), maxBytes: 1024 * 1024 })),
        })),
      });
    } catch (error) {
      if (signal.aborted) return;
      if (protocolError(error) !== 'OFFSET_OUT_OF_RANGE') {
        if (protocolError(error) === undefined) await client.rest();
        throw error;
      }
      await Promise.all(some.map((p) => checkPosition(p)));
      return;
    }
    let any = false;
    for (const { topicName, partitions: all } of answer.responses) {
      for (const { partition, highWatermark, messages } of all) {
        const key = partitionKey({ topic: topicName, partition });
        const p = partitions.get(key);
        // It may have been given up meanwhile, or its reader may have gone elsewhere.
        if (!p || p.position !== from.get(key) || !some.includes(p)) continue;
        any ||= p.end !== Number(highWatermark) || messages.length > 0;
        p.end = Number(highWatermark);
        for (const message of messages) {
          const offset = Number(message.offset);
          if (offset < p.position!) continue; // a batch is sent whole
          p.position = offset + 1;
          if (message.isControlRecord) continue;
          const record = decodeMessage(p, message);
          p.records.push(record);
          p.bytes += recordBytes(record);
        }
      }
    }
    if (any) changed();
  }

  /** Why a position cannot be read. */
  async function checkPosition(p: Buffered): Promise<void> {
    const { first, end } = await boundsNow(p);
    [p.first, p.end] = [first, end];
    const offset = p.position!;
    if (offset >= first && offset <= end) return;
    const at = { topic: p.topic, partition: p.partition, offset };
    p.problem =
      offset < first
        ? new RetentionError(at, first)
        : new Error(
            `${p.topic}/${p.partition} ends at ${end}, but the group stands at ${offset}: the topic was made anew or restored from a backup. Give the group a new name, or set its offset`,
          );
    changed();
  }

  return {
    start() {
      stopping = new AbortController();
      running = run();
    },
    async stop() {
      stopping.abort();
      wake();
      await running;
      partitions.clear();
    },
    open: ({ topic, partition, first, end }) =>
      void partitions.set(partitionKey({ topic, partition }), {
        ...{ topic, partition, first, end },
        ...{ records: [], bytes: 0, position: null, problem: null },
      }),
    forget: (at) => void partitions.delete(partitionKey(at)),
    bounds: (at) => partitions.get(partitionKey(at)) ?? { first: 0, end: 0 },
    read({ from, limit, ...at }) {
      const p = partitions.get(partitionKey(at));
      if (!p) return { records: [], next: from };
      if (p.problem) {
        const { problem } = p;
        // Told once: the reader goes on elsewhere, or asks for the same again and is told again.
        p.problem = null;
        p.position = null;
        throw problem;
      }
      let passed = 0;
      while (passed < p.records.length && p.records[passed]!.offset < from) {
        p.bytes -= recordBytes(p.records[passed]!);
        passed += 1;
      }
      p.records.splice(0, passed);
      if (p.position === null || from > p.position) [p.records, p.bytes, p.position] = [[], 0, from];
      if (p.bytes < bufferBytes) wake();
      const records = p.records.slice(0, limit);
      return { records, next: records.length > 0 ? records.at(-1)!.offset + 1 : from };
    },
  };
}
