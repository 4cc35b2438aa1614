import { eventLogContract } from '@minvar/service-kit/testing';
import { direct } from './call';
import { createMemoryLog, createRecords, expire } from './event-log';

eventLogContract('memory (for the simulation)', async () => {
  const records = createRecords({
    partitionsOf: (topic) => (topic === 'three' ? 3 : 1),
    now: () => Date.now(),
    sessionMs: 60_000,
    waitMs: 5,
  });
  const log = createMemoryLog(records, direct);
  return {
    log,
    topics: { three: 'three', one: 'one' },
    unique: 'test',
    another: async () => createMemoryLog(records, direct),
    expire: async (topic) => expire(records, topic),
    destroy: () => log.close(),
  };
});
