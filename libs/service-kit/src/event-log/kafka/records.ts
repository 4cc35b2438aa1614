import type { LogRecord, NewRecord, TopicPartition } from '../port';
import type { WireMessage, WireRecord } from './wire';

export const encodeMessage = (record: NewRecord): WireMessage => ({
  key: Buffer.from(record.key),
  value: Buffer.from(record.value.buffer, record.value.byteOffset, record.value.byteLength),
  headers: record.headers,
});

const plain = (value: unknown): string =>
  Array.isArray(value) ? plain(value.at(-1)) : value === null || value === undefined ? '' : String(value);

/** A record as Kafka gives it. Other producers may leave out the key or repeat a header: then it is empty, or the last one counts. */
export const decodeMessage = (at: TopicPartition, message: WireRecord): LogRecord => ({
  topic: at.topic,
  partition: at.partition,
  offset: Number(message.offset),
  key: message.key?.toString() ?? '',
  headers: Object.fromEntries(Object.entries(message.headers ?? {}).map(([name, value]) => [name, plain(value)])),
  // A copy: what Kafka sent is one large buffer, which one small record would keep alive.
  value: new Uint8Array(message.value ?? []),
  timestamp: Number(message.timestamp),
});
