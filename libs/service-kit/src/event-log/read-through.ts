import type { EventLog, LogRecord, TopicPartition } from './port';

export interface Stretch extends TopicPartition {
  /** first offset wanted */
  readonly from: number;
  /** first offset not wanted any more */
  readonly to: number;
}

/** The records of a stretch of one partition, in order, at most `limit` at a time. Throws as `read` does. */
export async function* readThrough(
  log: Pick<EventLog, 'read'>,
  { topic, partition, from, to }: Stretch,
  limit = 1000,
): AsyncGenerator<readonly LogRecord[]> {
  while (from < to) {
    const { records, next } = await log.read({ topic, partition, from, limit: Math.min(limit, to - from) });
    yield records.filter((r) => r.offset < to);
    // written by another process, and not shown yet
    if (next <= from) return;
    from = next;
  }
}
