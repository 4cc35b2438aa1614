import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventLogContract } from '../testing/event-log-contract';
import { createLmdbEventLog } from './lmdb';
import type { EventLog } from './port';

const topics = new Map([
  ['three', { partitions: 3, retentionMs: null }],
  ['one', { partitions: 1, retentionMs: 3_600_000 }],
]);

eventLogContract('LMDB', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'minvar-log-'));
  let clock = 0;
  const open = () => createLmdbEventLog({ dir, topics, pollMs: 5, now: () => Date.now() + clock });
  const log = await open();
  const others: EventLog[] = [];
  return {
    log,
    topics: { three: 'three', one: 'one' },
    unique: `test-${randomUUID().slice(0, 8)}`,
    async another() {
      const other = await open();
      others.push(other);
      return other;
    },
    async expire() {
      clock += 2 * 3_600_000;
      await log.prune();
      clock = 0;
    },
    async destroy() {
      for (const l of [log, ...others]) await l.close();
      await rm(dir, { recursive: true, force: true });
    },
  };
});
