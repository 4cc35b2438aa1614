import { randomUUID } from 'node:crypto';
import { createKafkaEventLog, DeadLetterError } from '@minvar/service-kit';
import type { EventLog } from '@minvar/service-kit';
import { until } from '@minvar/service-kit/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readDeadLetters, settle } from './letters';

const brokers = process.env['MINVAR_KAFKA_BROKERS']?.split(',');

describe('dead letters on Kafka', () => {
  const consumer = `test-${randomUUID().slice(0, 8)}`;
  const topic = `${consumer}.events`;
  let log: EventLog;
  beforeAll(async () => {
    if (!brokers) return;
    log = await createKafkaEventLog({ brokers, topics: new Map([[topic, { partitions: 1, retentionMs: null }]]) });
  });
  afterAll(() => log?.close());

  it('are listed, go back to their topic whole, or are dropped', async (context) => {
    if (!brokers) return context.skip('no Kafka: start it with npm run servers -- up');
    expect(await readDeadLetters(log, [consumer])).toEqual({ open: [], settled: new Map() });
    let broken = true;
    const handled: [string, string][] = [];
    const reader = log.consumer({
      group: consumer,
      consumer,
      topics: [topic],
      onBatch: async ({ records }) => {
        if (broken) throw new DeadLetterError('schema', 'an older version cannot read this');
        for (const r of records) handled.push([Buffer.from(r.value).toString(), r.headers['ce_type']!]);
      },
    });
    await reader.start();
    const record = (value: string) => ({
      topic,
      key: 'k',
      headers: { ce_type: 'new.kind' },
      value: Buffer.from(value),
    });
    await log.append(['one', 'two', 'three'].map(record));
    await until(async () => (await readDeadLetters(log, [consumer])).open.length === 3);
    const { open } = await readDeadLetters(log, [consumer]);
    expect(open.map((l) => [l.offset, l.reason, l.message])).toEqual(
      [0, 1, 2].map((offset) => [offset, 'schema', 'an older version cannot read this']),
    );
    broken = false;
    await settle(log, [open[0]!, open[2]!], 'replayed');
    await until(() => handled.length === 2);
    expect(handled).toEqual([
      ['one', 'new.kind'],
      ['three', 'new.kind'],
    ]);
    await settle(log, [open[1]!], 'dropped');
    const after = await readDeadLetters(log, [consumer]);
    expect(after.open).toEqual([]);
    expect([...after.settled.values()].sort()).toEqual(['dropped', 'replayed', 'replayed']);
    await reader.stop();
  });
});
