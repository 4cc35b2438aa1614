import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createLmdbEventLog } from '../event-log/lmdb';
import type { EventLog } from '../event-log/port';
import { DeadLetterError } from '../event-log/port';
import { until } from '../testing/wait';
import { createMetrics } from './metrics';
import { watchLog } from './watch-log';

const topic = 'minvar.watched.v1';
const record = (text: string) => ({ topic, key: 'k', headers: {}, value: Buffer.from(text) });

describe('a watched log', () => {
  let dir: string;
  let inner: EventLog;
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'minvar-watched-'));
    inner = await createLmdbEventLog({ dir });
  });
  afterEach(async () => {
    await inner.close();
    await rm(dir, { recursive: true, force: true });
  });

  it('tells lag, records tried again, dead letters and appends', async () => {
    const metrics = createMetrics({ service: 's', ofProcess: false });
    const log = watchLog(inner, metrics);
    const told = async (line: string): Promise<boolean> => (await metrics.text()).body.includes(line);
    let isBroken = true;
    const seen: string[] = [];
    const consumer = log.consumer({
      group: 'g',
      consumer: 'watcher',
      topics: [topic],
      backoffMs: { first: 5, longest: 10 },
      onBatch: async ({ records }) => {
        for (const { value } of records) {
          const text = Buffer.from(value).toString();
          if (text === 'poison') throw new DeadLetterError('decode', 'no message');
          if (text === 'later' && isBroken) throw new Error('not yet');
          seen.push(text);
        }
      },
      maxBatch: 1,
    });
    await log.append([record('one'), record('poison'), record('later'), record('last')]);
    await consumer.start();
    await until(() => told(`minvar_consumer_retrying_partitions{group="g",topic="${topic}",service="s"} 1`));
    expect(await told(`minvar_consumer_lag_records{group="g",topic="${topic}",service="s"} 2`)).toBe(true);
    expect(
      await told(`minvar_dead_letters_total{consumer="watcher",topic="${topic}",reason="decode",service="s"} 1`),
    ).toBe(true);
    expect(await told('minvar_append_seconds_count{service="s"} 1')).toBe(true);
    isBroken = false;
    await until(() => told(`minvar_consumer_lag_records{group="g",topic="${topic}",service="s"} 0`));
    expect(seen).toEqual(['one', 'later', 'last']);
    await consumer.stop();
    expect(await told('minvar_consumer_lag_records{')).toBe(false);
    await inner.close();
    await expect(log.append([record('x')])).rejects.toThrow();
    expect(await told('minvar_append_failures_total{service="s"} 1')).toBe(true);
  });
});
