import { topics as contractTopics } from '@minvar/contracts';
import kafkajs from 'kafkajs';
import type { ConsumerBackend } from './consumer';
import { createConsumer } from './consumer';
import { partitionKey } from './group';
import { createClient, leaderOf } from './kafka/client';
import { createFetcher } from './kafka/fetcher';
import { committedOffsets, createMember } from './kafka/member';
import { decodeMessage } from './kafka/records';
import { createTopics } from './kafka/topics';
import { protocolError } from './kafka/wire';
import { createWriter } from './kafka/writer';
import type { TopicSettings } from './lmdb';
import { partitionOf } from './lmdb';
import type { Consumer, ConsumerOptions, EventLog, Position, TopicPartition } from './port';
import { checkSizes, RetentionError } from './port';
import { pause } from './waiting';

// a CommonJS package whose names Node does not all see
const { Kafka, logLevel } = kafkajs;

export interface KafkaEventLogOptions {
  /** `host:port` of some brokers; the others are learnt from them */
  readonly brokers: readonly string[];
  /** default: the topics of contracts. Any other topic, dead letters among them, has one partition and is kept for ever. */
  readonly topics?: ReadonlyMap<string, TopicSettings>;
  readonly clientId?: string;
  /** replicas of topics that are made; default 3, or one for each broker when there are fewer */
  readonly replication?: number;
  /** after that long without a heartbeat a consumer's partitions go to others; default 10,000 ms, 6,000 at least */
  readonly sessionMs?: number;
  /** default 1000 ms; how soon a consumer learns that others have come or gone */
  readonly heartbeatMs?: number;
  /** how long an append, or the start, waits for brokers that are away; default 30,000 ms */
  readonly timeoutMs?: number;
}

const other: TopicSettings = { partitions: 1, retentionMs: null };
const edges = { begin: true, end: false } as const;

/**
 * The event log on Kafka. Appends are acknowledged by all replicas in sync; offsets are stored after the handler. Topics that are missing are
 * made; throws `TopicSettingsError` when one is not as contracts say, and an error that names the brokers when none answers in time. Brokers that
 * go away later are waited for: consumers for ever, appends and questions as long as `timeoutMs` says.
 */
export async function createKafkaEventLog(options: KafkaEventLogOptions): Promise<EventLog> {
  const { brokers, topics = contractTopics, sessionMs = 10_000, heartbeatMs = 1000, timeoutMs = 30_000 } = options;
  const kafka = new Kafka({
    clientId: options.clientId ?? 'minvar',
    brokers: [...brokers],
    logLevel: logLevel.NOTHING,
    connectionTimeout: 3000,
    requestTimeout: 10_000,
    retry: { retries: 1, initialRetryTime: 50, maxRetryTime: 500 },
  });
  const settingsOf = (topic: string): TopicSettings => topics.get(topic) ?? other;
  const partitionsOf = (topic: string): number => settingsOf(topic).partitions;
  const admin = createTopics(kafka, {
    brokers,
    forMs: timeoutMs,
    ...(options.replication === undefined ? {} : { replication: options.replication }),
  });
  const client = createClient(kafka, brokers);
  const known = new Map<string, Promise<void>>();
  const consumers = new Set<{ consumer: Consumer; close(): Promise<void> }>();
  let closed = false;

  /** Makes the topics that are not there, each once. */
  async function ensure(names: readonly string[]): Promise<void> {
    const fresh = names.filter((name) => !known.has(name));
    if (fresh.length > 0) {
      const making = admin.ensure(new Map(fresh.map((name) => [name, settingsOf(name)])));
      for (const name of fresh) known.set(name, making);
      await making.catch((error: unknown) => {
        for (const name of fresh) known.delete(name);
        throw error;
      });
    }
    await Promise.all(names.map((name) => known.get(name)));
  }

  const writer = createWriter({
    client,
    partitionFor: ({ key, topic }) => partitionOf(key, partitionsOf(topic)),
    ensure,
    timeoutMs,
  });

  const missing = (topic: string) => (error: unknown) =>
    protocolError(error) === 'UNKNOWN_TOPIC_OR_PARTITION' && !known.has(topic);

  /** The first offset kept, or the next one to be written, of partitions of one topic; 0 when there is no such topic. */
  async function offsetsOf(topic: string, edge: keyof typeof edges, signal?: AbortSignal): Promise<Position[]> {
    const partitions = Array.from({ length: partitionsOf(topic) }, (_, partition) => ({ partition }));
    let found: { partition: number; offset: string }[] = [];
    try {
      found = await client.ask(
        `the offsets of ${topic}`,
        async (cluster) => {
          for (const { partition } of partitions) leaderOf(cluster, topic, partition);
          const [answer] = await cluster.fetchTopicsOffset([{ topic, partitions, fromBeginning: edges[edge] }]);
          return answer!.partitions;
        },
        { topics: [topic], forMs: timeoutMs, giveUp: missing(topic), ...(signal ? { signal } : {}) },
      );
    } catch (error) {
      if (!missing(topic)(error)) throw error;
    }
    const offsets = new Map(found.map((p) => [p.partition, Number(p.offset)]));
    return partitions.map(({ partition }) => ({ topic, partition, offset: offsets.get(partition) ?? 0 }));
  }

  const offsetsOfAll = async (names: readonly string[], edge: keyof typeof edges, signal?: AbortSignal) =>
    (await Promise.all(names.map((topic) => offsetsOf(topic, edge, signal)))).flat();

  const bothBounds = async (names: readonly string[], signal?: AbortSignal) => {
    const [begin, end] = await Promise.all([offsetsOfAll(names, 'begin', signal), offsetsOfAll(names, 'end', signal)]);
    return new Map(begin.map((p, i) => [partitionKey(p), { first: p.offset, end: end[i]!.offset }]));
  };

  /** What the consumer loop needs, for one consumer: connections of its own, since a member that joins waits in line for the others. */
  function backendOf({ group, topics: names, onError }: ConsumerOptions) {
    const own = createClient(kafka, brokers);
    const committed = new Map<string, number>();
    const waiting = new Set<() => void>();
    const changed = (): void => {
      for (const tell of [...waiting]) tell();
    };
    const report = (error: unknown): void => onError?.(error, { topic: names[0] ?? '', partition: 0, offset: 0 });
    const fetcher = createFetcher({
      client: own,
      topics: names,
      boundsNow: async (at) => (await bothBounds([at.topic])).get(partitionKey(at))!,
      changed,
      onError: report,
    });
    const member = createMember({
      ...{ client: own, group, topics: names, partitionsOf, sessionMs, heartbeatMs, changed, onError: report },
      async prepare(partitions, signal) {
        const bounds = await bothBounds([...new Set(partitions.map((p) => p.topic))], signal);
        committed.clear();
        for (const p of await committedOffsets(own, group, partitions, signal))
          committed.set(partitionKey(p), p.offset);
        for (const at of partitions) fetcher.open({ ...at, ...bounds.get(partitionKey(at))! });
      },
    });
    const backend: ConsumerBackend = {
      membership: () => ({
        ...member,
        async join() {
          await ensure(names);
          fetcher.start();
          await member.join();
        },
        async leave() {
          await Promise.all([member.leave(), fetcher.stop()]);
          await own.rest();
        },
        release(at) {
          fetcher.forget(at);
          return member.release(at);
        },
      }),
      read: fetcher.read,
      bounds: fetcher.bounds,
      offsetOf: (_, at) => committed.get(partitionKey(at)) ?? null,
      commit: (_, at, next) => member.commit(at, next),
      bury: async (record) => void (await writer.append([record])),
      async news(signal) {
        const told = new AbortController();
        const tell = (): void => told.abort();
        waiting.add(tell);
        signal.addEventListener('abort', tell);
        if (signal.aborted) tell();
        await pause(1000, told.signal);
        waiting.delete(tell);
        signal.removeEventListener('abort', tell);
      },
    };
    return { backend, close: () => own.close() };
  }

  const log: EventLog = {
    async append(records) {
      checkSizes(records);
      if (closed) throw new Error(`the event log on ${brokers.join(',')} is closed`);
      return records.length === 0 ? [] : writer.append(records);
    },
    consumer(consumerOptions) {
      const { backend, close } = backendOf(consumerOptions);
      const consumer = createConsumer(consumerOptions, backend);
      consumers.add({ consumer, close });
      return consumer;
    },
    async read({ topic, partition, from, limit }) {
      const at = { topic, partition };
      const ask = (maxWaitTime: number) =>
        client.ask(
          `a read of ${topic}/${partition}`,
          async (cluster) => {
            const broker = await cluster.findBroker({ nodeId: leaderOf(cluster, topic, partition) });
            const partitions = [{ partition, fetchOffset: String(from), maxBytes: 8 * 1024 * 1024 }];
            const { responses } = await broker.fetch({
              ...{ maxWaitTime, minBytes: 1, maxBytes: 8 * 1024 * 1024, topics: [{ topic, partitions }] },
            });
            return responses[0]?.partitions[0]?.messages ?? [];
          },
          { topics: [topic], forMs: timeoutMs, giveUp: missing(topic) },
        );
      try {
        let messages = await ask(0);
        // A replica that has just learnt that it leads may not know yet up to where records are durable: it is given a moment.
        if (messages.length === 0 && from < (await offsetsOf(topic, 'end'))[partition]!.offset)
          messages = await ask(1000);
        // A batch is sent whole, also when it begins before `from`.
        const found = messages.filter((m) => Number(m.offset) >= from);
        const last = found[limit - 1] ?? found.at(-1);
        const records = found.slice(0, limit).filter((m) => !m.isControlRecord);
        return { records: records.map((m) => decodeMessage(at, m)), next: last ? Number(last.offset) + 1 : from };
      } catch (error) {
        if (missing(topic)(error)) return { records: [], next: from };
        if (protocolError(error) !== 'OFFSET_OUT_OF_RANGE') throw error;
        const { first } = (await bothBounds([topic])).get(partitionKey(at))!;
        if (from < first) throw new RetentionError({ ...at, offset: from }, first);
        return { records: [], next: from };
      }
    },
    begin: (names) => offsetsOfAll(names, 'begin'),
    end: (names) => offsetsOfAll(names, 'end'),
    async committed(group, names) {
      const all = names.flatMap((topic) =>
        Array.from({ length: partitionsOf(topic) }, (_, partition): TopicPartition => ({ topic, partition })),
      );
      const found = new Map((await committedOffsets(client, group, all)).map((p) => [partitionKey(p), p]));
      return all.flatMap((at) => found.get(partitionKey(at)) ?? []);
    },
    async healthy() {
      if (closed) return 'the event log is closed';
      const asked = client
        .ask(
          'a question for its leaders',
          async (cluster) => {
            await cluster.refreshMetadata();
            for (const [topic, { partitions }] of topics)
              for (let partition = 0; partition < partitions; partition++) leaderOf(cluster, topic, partition);
          },
          { topics: [...topics.keys()], forMs: 2000 },
        )
        .then(
          () => null,
          (error: Error) => error.message,
        );
      // A broker that hangs answers no question, nor refuses it.
      const late = new AbortController();
      const silence = pause(3000, late.signal).then(() => `Kafka at ${brokers.join(',')} does not answer`);
      return Promise.race([asked, silence]).finally(() => late.abort());
    },
    async close() {
      if (closed) return;
      await Promise.all([...consumers].map(({ consumer }) => consumer.stop()));
      closed = true;
      await writer.idle();
      await Promise.all([...consumers].map((c) => c.close()));
      await client.close();
    },
  };
  await ensure([...topics.keys()]);
  return log;
}
