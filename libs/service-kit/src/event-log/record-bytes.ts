import { crc32 } from 'node:zlib';
import { CorruptRecordError } from './errors';
import type { LogRecord, NewRecord, Position } from './port';

// A stored record: crc32 of the rest (4 bytes), timestamp (8), length of the head (4), head as JSON {key, headers}, value.
const fixed = 16;

export function encodeRecord(record: NewRecord, timestamp: number): Buffer {
  const head = Buffer.from(JSON.stringify({ key: record.key, headers: record.headers }));
  const bytes = Buffer.allocUnsafe(fixed + head.length + record.value.length);
  bytes.writeDoubleLE(timestamp, 4);
  bytes.writeUInt32LE(head.length, 12);
  head.copy(bytes, fixed);
  bytes.set(record.value, fixed + head.length);
  bytes.writeUInt32LE(crc32(bytes.subarray(4)), 0);
  return bytes;
}

/** Throws `CorruptRecordError` naming topic, partition and offset. */
export function decodeRecord(bytes: Buffer, position: Position): LogRecord {
  if (bytes.length < fixed) throw new CorruptRecordError(position, `${bytes.length} bytes are too few`);
  const stored = bytes.readUInt32LE(0);
  const computed = crc32(bytes.subarray(4));
  if (stored !== computed) throw new CorruptRecordError(position, `checksum ${computed.toString(16)}, stored ${stored.toString(16)}`);
  const length = bytes.readUInt32LE(12);
  const { key, headers } = JSON.parse(bytes.subarray(fixed, fixed + length).toString()) as { key: string; headers: Record<string, string> };
  return { ...position, key, headers, value: Buffer.from(bytes.subarray(fixed + length)), timestamp: bytes.readDoubleLE(4) };
}
