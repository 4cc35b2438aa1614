import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Kafka, logLevel } from 'kafkajs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { decodeEvent } from '../messages/codec';
import { bundleAndFork } from '../testing/bundle';
import type { OwnKafka } from '../testing/own-kafka';
import { ownKafka } from '../testing/own-kafka';
import { until } from '../testing/wait';
import { createKafkaEventLog } from './kafka';
import { TopicSettingsError } from './kafka/topics';
import type { EventLog, LogRecord } from './port';

const brokers = process.env['MINVAR_KAFKA_BROKERS']?.split(',');
const text = (r: LogRecord): string => Buffer.from(r.value).toString();
const unique = (): string => `test-${randomUUID().slice(0, 8)}`;

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});
const closed = <T extends { close(): Promise<void> }>(it: T): T => {
  closing.push(() => it.close());
  return it;
};

/** A client of kafkajs itself, for what others may do to our topics. */
async function foreign(at: readonly string[]) {
  const kafka = new Kafka({ brokers: [...at], logLevel: logLevel.NOTHING });
  const [admin, producer] = [kafka.admin(), kafka.producer()];
  await Promise.all([admin.connect(), producer.connect()]);
  closing.push(async () => void (await Promise.all([admin.disconnect(), producer.disconnect()])));
  return { admin, producer };
}

describe('Kafka, whatever comes', () => {
  beforeEach((context) => {
    if (!brokers) context.skip('no Kafka: start it with npm run servers -- up');
  });

  /** Somebody writes without pause and somebody reads without pause; what was acknowledged and what was read. */
  function traffic(writer: EventLog, reader: EventLog, topic: string) {
    const acknowledged: number[] = [];
    const refused: unknown[] = [];
    const seen: LogRecord[] = [];
    const failures: unknown[] = [];
    let on = true;
    const consumer = reader.consumer({
      group: `${topic}-group`,
      consumer: topic,
      topics: [topic],
      onBatch: async ({ records }) => void seen.push(...records),
      onError: (error) => failures.push(error),
    });
    let writing = Promise.resolve();
    const stopWriting = async (): Promise<void> => {
      on = false;
      await writing;
    };
    closing.push(stopWriting);
    return {
      acknowledged,
      refused,
      failures,
      seen,
      consumer,
      start() {
        writing = (async () => {
          for (let n = 0; on; n++) {
            const numbers = [3 * n, 3 * n + 1, 3 * n + 2];
            const value = (i: number) => Buffer.from(String(i));
            await writer
              .append(numbers.map((i) => ({ topic, key: `key-${i % 7}`, headers: {}, value: value(i) })))
              .then(
                () => acknowledged.push(...numbers),
                (error: unknown) => refused.push(error),
              );
            await sleep(5);
          }
        })();
        return consumer.start();
      },
      /** Ends the writing; waits until all that was acknowledged has been read, and checks it. */
      async finish() {
        await stopWriting();
        const unread = (): number[] => {
          const found = new Set(seen.map((r) => Number(text(r))));
          return acknowledged.filter((n) => !found.has(n));
        };
        await until(
          () => unread().length === 0,
          () => `${unread().length} of ${acknowledged.length} were not read`,
          60_000,
        );
        // At least once, and a repeat never before what it repeats: each key's first occurrences rise.
        const firsts = [...new Map(seen.map((r) => [text(r), r] as const).reverse()).values()].reverse();
        const byKey = new Map<string, LogRecord[]>();
        for (const r of firsts) byKey.set(r.key, [...(byKey.get(r.key) ?? []), r]);
        for (const records of byKey.values()) {
          const numbers = records.map((r) => Number(text(r)));
          expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
        }
        await until(() => consumer.ready());
        await consumer.stop();
      },
    };
  }

  async function twoClients(kafka: OwnKafka, topic: string) {
    const topics = new Map([[topic, { partitions: 6, retentionMs: null }]]);
    // How long a broker takes to come back is the machine's affair.
    const options = { brokers: kafka.brokers, topics, sessionMs: 6000, timeoutMs: 150_000 };
    const open = async () => closed(await createKafkaEventLog(options));
    return [await open(), await open()] as const;
  }

  /** Waits until the log says that it misses a broker; a question that was already answered may be let through. */
  const missed = (log: EventLog, broker: string): Promise<void> =>
    until(
      async () => ((await log.healthy()) ?? '').includes(broker),
      () => `${broker} is not missed`,
      15_000,
    );

  it('a broker that is killed and comes back loses nothing, and nobody need be started again', async () => {
    const kafka = closed(await ownKafka());
    const [writer, reader] = await twoClients(kafka, 'numbers');
    const flow = traffic(writer, reader, 'numbers');
    await flow.start();
    for (let round = 1; round <= 2; round++) {
      const before = flow.acknowledged.length;
      await until(() => flow.acknowledged.length > before + 150 && flow.seen.length > before);
      await kafka.kill(1);
      await missed(writer, kafka.brokers[0]!);
      const during = flow.acknowledged.length;
      await sleep(500);
      expect(flow.acknowledged.length).toBeLessThanOrEqual(during + 3);
      await kafka.revive(1);
      await until(() => flow.acknowledged.length > during + 150, undefined, 60_000);
    }
    await flow.finish();
    expect(flow.refused).toEqual([]);
    expect(await writer.healthy()).toBeNull();
  }, 180_000);

  it('a broker that hangs for longer than sessions and requests last is missed in seconds, and loses nothing when it goes on', async () => {
    const kafka = closed(await ownKafka());
    const [writer, reader] = await twoClients(kafka, 'numbers');
    const flow = traffic(writer, reader, 'numbers');
    await flow.start();
    await until(() => flow.acknowledged.length > 90 && flow.seen.length > 30);
    await kafka.freeze(1);
    // Whatever fails, it goes on before anything is closed: closing waits for answers.
    closing.push(() => kafka.thaw(1));
    await missed(writer, kafka.brokers[0]!);
    await sleep(15_000);
    await kafka.thaw(1);
    const during = flow.acknowledged.length;
    await until(() => flow.acknowledged.length > during + 90, undefined, 60_000);
    await flow.finish();
    expect(flow.refused).toEqual([]);
  }, 180_000);

  it('of three brokers any one may be killed: writing and reading go on, and nothing is lost', async () => {
    const kafka = closed(await ownKafka(3));
    const [writer, reader] = await twoClients(kafka, 'numbers');
    const flow = traffic(writer, reader, 'numbers');
    await flow.start();
    for (const id of [1, 2, 3]) {
      const before = flow.acknowledged.length;
      await until(() => flow.acknowledged.length > before + 90, undefined, 60_000);
      await kafka.kill(id);
      const during = flow.acknowledged.length;
      // It is still away.
      await until(() => flow.acknowledged.length > during + 90, undefined, 60_000);
      await until(() => flow.seen.length > during + 30, undefined, 60_000);
      await kafka.revive(id);
      const { admin } = await foreign(kafka.brokers.filter((_, i) => i !== id - 1));
      // The next one is killed when all replicas are in sync again.
      await until(
        async () => {
          const { topics } = await admin.fetchTopicMetadata({ topics: ['numbers'] });
          return topics[0]!.partitions.every((p) => p.isr.length === 3);
        },
        () => `broker ${id} does not catch up`,
        60_000,
      );
    }
    await flow.finish();
    expect(flow.refused).toEqual([]);
  }, 300_000);

  it('a handler that takes longer than the session keeps its partitions, and others are not disturbed', async () => {
    const topic = unique();
    const topics = new Map([[topic, { partitions: 2, retentionMs: null }]]);
    const open = async () =>
      closed(await createKafkaEventLog({ brokers: brokers!, topics, sessionMs: 6000, heartbeatMs: 500 }));
    const [a, b] = [await open(), await open()];
    const slow: LogRecord[] = [];
    const options = { group: topic, consumer: topic, topics: [topic] };
    const others: number[] = [];
    const onBatchOf = (who: number) => ({
      onBatch: async ({ records }: { records: readonly LogRecord[] }) => {
        if (text(records[0]!) === 'slow') await sleep(7500);
        slow.push(...records);
        others.push(who);
      },
    });
    const consumers = [a, b].map((log, i) => log.consumer({ ...options, ...onBatchOf(i), maxBatch: 1 }));
    await Promise.all(consumers.map((c) => c.start()));
    await until(() => consumers.every((c) => c.status().length === 1));
    await a.append([{ topic, key: 'x', headers: {}, value: Buffer.from('slow') }]);
    await until(() => slow.length === 1);
    await a.append([{ topic, key: 'x', headers: {}, value: Buffer.from('next') }]);
    await until(() => slow.length === 2);
    expect(slow.map(text)).toEqual(['slow', 'next']);
    expect(new Set(others).size).toBe(1);
    await Promise.all(consumers.map((c) => c.stop()));
  }, 60_000);

  it('what a killed process had not stored goes to the others of its group when its session ends', async () => {
    const topic = unique();
    const topics = new Map([[topic, { partitions: 3, retentionMs: null }]]);
    const log = closed(await createKafkaEventLog({ brokers: brokers!, topics, sessionMs: 6000 }));
    const numbers = Array.from({ length: 120 }, (_, n) => n);
    await log.append(numbers.map((n) => ({ topic, key: `key-${n % 9}`, headers: {}, value: Buffer.from(String(n)) })));
    const child = await bundleAndFork(join(import.meta.dirname, '../testing/kafka-log.child.ts'), [
      brokers!.join(','),
      topic,
      topic,
    ]);
    closing.push(() => child.end());
    const handled = (): number[] =>
      (child.messages as { handled?: string[] }[]).flatMap((m) => m.handled ?? []).map(Number);
    await until(() => handled().length >= 20);
    child.process.kill('SIGKILL');
    expect(await child.exited).toEqual({ code: null, signal: 'SIGKILL' });
    const before = handled();
    expect(before.length).toBeLessThan(120);
    const got: number[] = [];
    const consumer = log.consumer({
      group: topic,
      consumer: topic,
      topics: [topic],
      onBatch: async ({ records }) => void got.push(...records.map((r) => Number(text(r)))),
    });
    await consumer.start();
    await until(() => new Set([...before, ...got]).size === 120, undefined, 40_000);
    await consumer.stop();
    // Only what was handled and not stored yet came again: at most a batch of each partition.
    expect(got.length).toBeLessThanOrEqual(120 - before.length + 15);
  }, 60_000);

  it('records of anybody, without key, value or CloudEvents headers, die whole and hold up nobody', async () => {
    const topic = unique();
    const log = closed(
      await createKafkaEventLog({
        brokers: brokers!,
        topics: new Map([[topic, { partitions: 1, retentionMs: null }]]),
      }),
    );
    const { producer } = await foreign(brokers!);
    const bytes = Buffer.from([0, 255, 7]);
    await producer.send({
      topic,
      messages: [
        { key: null, value: null },
        { key: Buffer.from([255]), value: bytes, headers: { twice: ['a', 'b'] } },
        { key: 'k', value: 'good', headers: { fine: 'yes' } },
      ],
    });
    const good: string[] = [];
    const consumer = log.consumer({
      group: topic,
      consumer: topic,
      topics: [topic],
      onBatch: async ({ records }) => {
        for (const r of records) {
          if (r.headers['fine'] !== 'yes') decodeEvent(r);
          good.push(text(r));
        }
      },
    });
    await consumer.start();
    await until(() => good.includes('good'));
    await consumer.stop();
    const dead = await log.read({ topic: `minvar.${topic}.dead`, partition: 0, from: 0, limit: 10 });
    expect(dead.records.map((r) => [r.headers['dead_reason'], r.headers['dead_offset'], [...r.value]])).toEqual([
      ['decode', '0', []],
      ['decode', '1', [...bytes]],
    ]);
    expect(dead.records[1]!.headers).toMatchObject({ twice: 'b', dead_topic: topic });
  });

  it('topics that are not as contracts say are refused at the start, all differences at once, and left as they are', async () => {
    const [few, forgetful, fine] = [unique(), unique(), unique()];
    const { admin } = await foreign(brokers!);
    await admin.createTopics({
      topics: [
        { topic: few, numPartitions: 2, configEntries: [{ name: 'retention.ms', value: '-1' }] },
        { topic: forgetful, numPartitions: 1, configEntries: [{ name: 'cleanup.policy', value: 'compact' }] },
      ],
    });
    const topics = new Map([
      [few, { partitions: 6, retentionMs: null }],
      [forgetful, { partitions: 1, retentionMs: null }],
      [fine, { partitions: 1, retentionMs: 604_800_000 }],
    ]);
    const error = await createKafkaEventLog({ brokers: brokers!, topics }).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(TopicSettingsError);
    const { problems } = error as TopicSettingsError;
    expect(problems).toHaveLength(3);
    expect(problems.join('\n')).toContain(`${few} has 2 partitions, not 6`);
    expect(problems.join('\n')).toContain(`${forgetful} has cleanup.policy=compact, not delete`);
    expect(problems.join('\n')).toMatch(new RegExp(`${forgetful} has retention.ms=\\d+, not -1`));
    const { topics: after } = await admin.fetchTopicMetadata({ topics: [few] });
    expect(after[0]!.partitions).toHaveLength(2);
    await admin.deleteTopics({ topics: [few, forgetful, fine] });
  });

  it('says which brokers it waited for when none answers', async () => {
    const error = await createKafkaEventLog({ brokers: ['127.0.0.1:9'], timeoutMs: 500 }).catch((e: Error) => e);
    expect((error as Error).message).toContain('Kafka at 127.0.0.1:9 cannot be reached');
  });
});
