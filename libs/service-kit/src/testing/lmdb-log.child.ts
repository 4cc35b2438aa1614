import { createLmdbEventLog } from '../event-log/lmdb';
import { faultTopics } from './fault-topics';

// lmdb-log.child.mjs DIR append NAME COUNT BATCH | DIR consume GROUP

const [dir, mode, name, count, batch] = process.argv.slice(2) as [string, string, string, string?, string?];
const log = await createLmdbEventLog({ dir, topics: faultTopics, pollMs: 5 });
const say = (message: unknown): void => void process.send!(message);
process.on('disconnect', () => process.exit(0));

if (mode === 'append') {
  say({ kind: 'ready' });
  await new Promise((go) => process.once('message', go));
  for (let from = 0; from < Number(count); from += Number(batch)) {
    const numbers = Array.from({ length: Number(batch) }, (_, i) => from + i);
    const records = numbers.map((n) => ({
      topic: 'numbers',
      key: `${name}-${n % 4}`,
      headers: { writer: name },
      value: Buffer.from(`${name} ${n} ${'.'.repeat(n % 300)}`),
    }));
    const positions = await log.append(records).catch((error: Error) => error);
    if (positions instanceof Error) {
      say({ kind: 'refused', name: positions.name, message: positions.message, from });
      break;
    }
    say({ kind: 'acknowledged', from, positions });
  }
  say({ kind: 'done' });
} else {
  const consumer = log.consumer({
    group: name,
    consumer: name,
    topics: ['numbers'],
    maxBatch: 20,
    onBatch: async ({ records }) =>
      say({ kind: 'handled', records: records.map((r) => [r.partition, r.offset, Buffer.from(r.value).toString()]) }),
  });
  await consumer.start();
  say({ kind: 'ready' });
  setInterval(() => {}, 1000);
}
