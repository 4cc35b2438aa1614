import type { AnyEnvelope, Reference, WholeEnvelope } from '@minvar/contracts';
import { isReference, messageByType, sha256Hex } from '@minvar/contracts';
import type { NewRecord } from '../event-log/port';
import { DeadLetterError, maxRecordBytes, recordBytes } from '../event-log/port';
import type { ObjectStore } from '../object-store/port';
import { ObjectNotFoundError } from '../object-store/port';
import { encodeEvent } from './codec';

/*
 * A message that is too large for the log goes without its largest parts: each is put into the object store first, under the name of its
 * hash, and a reference stands in its place. Which parts may go is said by the message's definition. What a message refers to belongs to it
 * and is kept as long as it is: a rebuild reads it again.
 */

/** Reads what a reference stands for. Throws `DeadLetterError` when it can never be had, anything else when it may be later. */
export type LargeReader = (at: Reference) => Promise<unknown>;

type Parts = Record<string, unknown>;

/** The record of a message, its largest parts by reference as far as they do not fit. Without a store, or parts that may go, it stays too large. */
export async function encodeFitting(event: AnyEnvelope, store?: Pick<ObjectStore, 'putBlob'>): Promise<NewRecord> {
  let record = encodeEvent(event);
  const parts = event.data as Parts;
  const inline = store
    ? messageByType
        .get(event.type)!
        .large.filter((name) => parts[name] !== undefined && !isReference(parts[name]))
        .map((name) => ({ name, bytes: Buffer.from(JSON.stringify(parts[name])) }))
        .sort((a, b) => b.bytes.length - a.bytes.length)
    : [];
  const moved: Parts = {};
  for (const { name, bytes } of inline) {
    if (recordBytes(record) <= maxRecordBytes) break;
    const { key, sha256, size } = await store!.putBlob(bytes);
    const rows = parts[name];
    moved[name] = { key, sha256, sizeBytes: size, count: Array.isArray(rows) ? rows.length : 1 } satisfies Reference;
    record = encodeEvent({ ...event, data: { ...parts, ...moved } } as unknown as AnyEnvelope);
  }
  return record;
}

/** Names of the parts of a message that are elsewhere. */
const elsewhere = ({ type, data }: AnyEnvelope): string[] =>
  messageByType.get(type)!.large.filter((name) => isReference((data as Parts)[name]));

/** Bytes of a message’s parts that are elsewhere: what reading it whole costs. */
export const largeBytes = (event: AnyEnvelope): number =>
  elsewhere(event).reduce((sum, name) => sum + ((event.data as Parts)[name] as Reference).sizeBytes, 0);

/** The message with every part in place. Throws `DeadLetterError` when a part is not what the message says, and as `read` does. */
export async function wholeEvent(event: AnyEnvelope, read: LargeReader | undefined): Promise<WholeEnvelope> {
  const names = elsewhere(event);
  if (names.length === 0) return event as WholeEnvelope;
  if (!read)
    throw new Error(
      `${event.type} of ${event.subject}: ${names.join(', ')} lies in the object store, which this reader lacks`,
    );
  const data: Parts = { ...event.data };
  for (const name of names) data[name] = await read(data[name] as Reference);
  const whole = messageByType.get(event.type)!.schema.safeParse(data);
  if (!whole.success || names.some((name) => isReference((whole.data as Parts)[name])))
    throw new DeadLetterError(
      'schema',
      `${event.type} of ${event.subject}: ${names.join(', ')} is not as contracts say`,
    );
  return { ...event, data: whole.data } as WholeEnvelope;
}

/** Reads from the store. An object that is not there, or is another, will not come: the message goes to the dead letters, whence it can be replayed. */
export const readLargeFrom =
  (store: Pick<ObjectStore, 'get'>): LargeReader =>
  async ({ key, sha256 }) => {
    const bytes = await store.get(key).then(
      ({ body }) => body,
      (e: unknown) => {
        if (!(e instanceof ObjectNotFoundError)) throw e;
        throw new DeadLetterError(
          'invariant',
          `${key}, which the message refers to, does not exist; restore it and replay the message`,
          { cause: e },
        );
      },
    );
    const found = sha256Hex(bytes);
    if (found !== sha256)
      throw new DeadLetterError(
        'corrupt',
        `${key} has sha256 ${found}: it is damaged; restore it and replay the message`,
      );
    try {
      return JSON.parse(Buffer.from(bytes).toString('utf8')) as unknown;
    } catch (cause) {
      throw new DeadLetterError('decode', `${key} is no JSON: ${(cause as Error).message.slice(0, 200)}`, { cause });
    }
  };
