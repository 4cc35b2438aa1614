import { createKafkaEventLog } from '../event-log/kafka';

// kafka-log.child.mjs BROKERS TOPIC GROUP: handles records, slowly, and tells of each before and after it

const [brokers, topic, group] = process.argv.slice(2) as [string, string, string];
const topics = new Map([[topic, { partitions: 3, retentionMs: null }]]);
const log = await createKafkaEventLog({ brokers: brokers.split(','), topics, sessionMs: 6000 });
process.on('disconnect', () => process.exit(0));
const consumer = log.consumer({
  group,
  consumer: group,
  topics: [topic],
  maxBatch: 5,
  async onBatch({ records }) {
    await new Promise((r) => setTimeout(r, 20));
    process.send!({ handled: records.map((r) => Buffer.from(r.value).toString()) });
  },
});
await consumer.start();
process.send!({ ready: true });
setInterval(() => {}, 1000);
