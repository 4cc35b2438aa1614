import { createHash } from 'node:crypto';
import type { LogRecord, NewRecord, Position } from './port';
import { CorruptRecordError } from './port';

// A stored record: format (1 byte), checksum (16), timestamp (8, float64), length of the head (4), head as JSON {key, headers}, value.
const format = 1;
const sumAt = 1;
const bodyAt = 17;
const headAt = 29;

/** First 16 bytes of the SHA-256 over where the record lies and what it holds: a record at a wrong place is damaged too. */
const checksum = (at: Position, body: Uint8Array): Buffer =>
  createHash('sha256').update(`${at.topic}\n${at.partition}\n${at.offset}\n`).update(body).digest().subarray(0, 16);

export function encodeRecord(record: NewRecord, at: Position, timestamp: number): Buffer {
  const head = Buffer.from(JSON.stringify({ key: record.key, headers: record.headers }));
  const bytes = Buffer.allocUnsafe(headAt + head.length + record.value.byteLength);
  bytes[0] = format;
  bytes.writeDoubleLE(timestamp, bodyAt);
  bytes.writeUInt32LE(head.length, bodyAt + 8);
  head.copy(bytes, headAt);
  bytes.set(record.value, headAt + head.length);
  checksum(at, bytes.subarray(bodyAt)).copy(bytes, sumAt);
  return bytes;
}

/** Throws `CorruptRecordError` naming topic, partition and offset. */
export function decodeRecord(bytes: Buffer, at: Position): LogRecord {
  const damaged = (because: string) => new CorruptRecordError(at, because, Buffer.from(bytes));
  if (bytes.length < headAt) throw damaged(`${bytes.length} bytes are too few for a record`);
  if (bytes[0] !== format) throw damaged(`it has format ${bytes[0]}, not ${format}`);
  if (!checksum(at, bytes.subarray(bodyAt)).equals(bytes.subarray(sumAt, bodyAt)))
    throw damaged('its checksum does not match');
  const end = headAt + bytes.readUInt32LE(bodyAt + 8);
  const { key, headers } = JSON.parse(bytes.subarray(headAt, end).toString()) as Pick<NewRecord, 'key' | 'headers'>;
  // A copy: what LMDB hands out is valid only until the next read.
  return { ...at, key, headers, value: new Uint8Array(bytes.subarray(end)), timestamp: bytes.readDoubleLE(bodyAt) };
}
