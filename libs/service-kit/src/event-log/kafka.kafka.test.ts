import { randomUUID } from 'node:crypto';
import { Kafka, logLevel } from 'kafkajs';
import { describe, it } from 'vitest';
import { eventLogContract } from '../testing/event-log-contract';
import { createKafkaEventLog } from './kafka';
import type { EventLog } from './port';

const brokers = process.env['MINVAR_KAFKA_BROKERS']?.split(',');

if (!brokers) {
  describe('the event log contract on Kafka', () => {
    it('is kept', (context) => context.skip('no Kafka: start it with npm run servers -- up'));
  });
} else {
  eventLogContract('Kafka', async () => {
    const unique = `test-${randomUUID().slice(0, 8)}`;
    const names = { three: `${unique}.three`, one: `${unique}.one` };
    const topics = new Map([
      [names.three, { partitions: 3, retentionMs: null }],
      [names.one, { partitions: 1, retentionMs: 3_600_000 }],
    ]);
    const open = () => createKafkaEventLog({ brokers, topics, heartbeatMs: 50 });
    const log = await open();
    const others: EventLog[] = [];
    const kafka = new Kafka({ brokers, logLevel: logLevel.NOTHING });
    return {
      log,
      topics: names,
      unique,
      async another() {
        const other = await open();
        others.push(other);
        return other;
      },
      async expire(topic) {
        const admin = kafka.admin();
        await admin.connect();
        // What retention does to old segments, at once: the log begins at its end.
        const partitions = (await log.end([topic])).map(({ partition, offset }) => ({
          partition,
          offset: String(offset),
        }));
        await admin.fetchTopicMetadata({ topics: [topic] }); // kafkajs deletes only where it knows the leaders
        await admin.deleteTopicRecords({ topic, partitions });
        await admin.disconnect();
      },
      async destroy() {
        for (const l of [log, ...others]) await l.close();
        const admin = kafka.admin();
        await admin.connect();
        const mine = (await admin.listTopics()).filter((t) => t.includes(unique));
        if (mine.length > 0) await admin.deleteTopics({ topics: mine });
        await admin.disconnect();
      },
    };
  });
}
