import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AnyEnvelope, EnvelopeOf, MessageType } from '@minvar/contracts';
import { exampleEnvelopes, isReference, messageByType } from '@minvar/contracts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createLmdbEventLog } from '../event-log/lmdb';
import type { EventLog, NewRecord } from '../event-log/port';
import { DeadLetterError, maxRecordBytes, recordBytes } from '../event-log/port';
import { createFolderStore } from '../object-store/folder';
import type { ObjectStore } from '../object-store/port';
import { until } from '../testing/wait';
import { decodeEvent, encodeEvent } from './codec';
import { encodeFitting, largeBytes, readLargeFrom, wholeEvent } from './large';
import { createPublisher } from './publisher';
import { subscribe, subscribeBatches } from './subscribe';

const example = (type: MessageType): AnyEnvelope => exampleEnvelopes.find((e) => e.type === type)!;
const queued = {
  ...example('run.queued'),
  term: 3,
  traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
} as AnyEnvelope;

describe('the wire form of a message', () => {
  it('is CloudEvents 1.0 in binary mode: JSON body, ce_ headers, the entity as key', () => {
    const record = encodeEvent(queued);
    expect(record.topic).toBe('minvar.run.events.v1');
    expect(record.key).toBe(queued.subject);
    expect(record.headers).toEqual({
      'content-type': 'application/json',
      ce_specversion: '1.0',
      ce_id: queued.id,
      ce_type: 'run.queued',
      ce_source: 'example',
      ce_subject: queued.subject,
      ce_time: '2026-01-01T00:00:00.000Z',
      ce_projectid: 'local',
      ce_term: '3',
      traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
    });
    expect(JSON.parse(Buffer.from(record.value).toString())).toEqual(queued.data);
  });

  it.each([...exampleEnvelopes, queued].map((e) => [e.type, e] as const))('gives %s back as it was', (_, event) => {
    expect(decodeEvent(encodeEvent(event))).toEqual(event);
  });

  it('refuses to send data that do not fit the schema, and names the field', () => {
    expect(() =>
      encodeEvent({ ...queued, data: { ...queued.data, attempt: 'one' } } as unknown as AnyEnvelope),
    ).toThrow(/run\.queued of run_.*attempt/s);
  });

  const record = encodeEvent(queued);
  const without = (name: string): NewRecord => ({
    ...record,
    headers: Object.fromEntries(Object.entries(record.headers).filter(([k]) => k !== name)),
  });
  const withHeader = (name: string, value: string): NewRecord => ({
    ...record,
    headers: { ...record.headers, [name]: value },
  });
  it.each([
    ['another version of CloudEvents', withHeader('ce_specversion', '0.3'), 'decode', 'ce_specversion'],
    ['no id', without('ce_id'), 'decode', 'ce_id'],
    ['a time that is none', withHeader('ce_time', 'yesterday'), 'decode', 'ce_time'],
    ['a term that is no number', withHeader('ce_term', '-1'), 'decode', 'ce_term'],
    ['an unknown type', withHeader('ce_type', 'run.exploded'), 'schema', "'run.exploded' is not known"],
    [
      'a type of another topic',
      { ...record, topic: 'minvar.dataset.events.v1' },
      'schema',
      'belongs on minvar.run.events.v1',
    ],
    ['a key that is not the subject', { ...record, key: 'run_other' }, 'schema', 'run_other'],
    ['bytes that are no UTF-8', { ...record, value: Uint8Array.of(0xff, 0xfe) }, 'decode', 'no JSON'],
    ['half a body', { ...record, value: record.value.slice(0, 20) }, 'decode', 'no JSON'],
    ['a body of another shape', { ...record, value: Buffer.from('{"runId":7}') }, 'schema', 'runId'],
  ])('gives a dead letter for %s', (_, poisoned, reason, message) => {
    let error: unknown;
    try {
      decodeEvent(poisoned);
    } catch (e) {
      error = e;
    }
    expect(error).toBeInstanceOf(DeadLetterError);
    expect((error as DeadLetterError).reason).toBe(reason);
    expect((error as DeadLetterError).message).toContain(message);
  });

  it('drops a traceparent that is none instead of the message', () => {
    expect(decodeEvent(withHeader('traceparent', 'x')).traceparent).toBeNull();
  });
});

describe('publishing and subscribing', () => {
  let dir: string;
  let log: EventLog;
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'minvar-messages-'));
    log = await createLmdbEventLog({ dir, pollMs: 5 });
  });
  afterEach(async () => {
    await log.close();
    await rm(dir, { recursive: true });
  });

  it('brings each message to the handler of its type, poison to the dead letters, and passes over the rest', async () => {
    const publisher = createPublisher(log);
    await publisher.publish(example('run.claimed'), queued);
    await log.append([{ ...encodeEvent(queued), value: Buffer.from('{') }]);
    await publisher.publish(example('run.succeeded'), example('dataset.versionCreated'));
    const got: string[] = [];
    const consumer = subscribe(log, {
      group: 'test',
      consumer: 'test',
      on: {
        'run.queued': async (event) => void got.push(`${event.type} attempt ${event.data.attempt}`),
        'run.succeeded': async (event, { record }) => void got.push(`${event.type} ${record.topic}`),
      },
    });
    await consumer.start();
    await until(() => got.length === 2);
    expect(got).toEqual(['run.queued attempt 1', 'run.succeeded minvar.run.events.v1']);
    const dead = await log.read({ topic: 'minvar.test.dead', partition: 0, from: 0, limit: 10 });
    expect(dead.records.map((r) => [r.headers['dead_reason'], Buffer.from(r.value).toString()])).toEqual([
      ['decode', '{'],
    ]);
    await consumer.stop();
  });

  it('gives a projection batches of decoded messages with their positions', async () => {
    await createPublisher(log).publish(
      ...Array.from({ length: 5 }, (_, i) => ({ ...queued, id: `e${i}` }) as AnyEnvelope),
    );
    const got: [string, number][] = [];
    const consumer = subscribeBatches(log, {
      group: 'projection-1',
      consumer: 'gateway',
      topics: ['minvar.run.events.v1'],
      onEvents: async (events) =>
        void got.push(...events.map(({ event, record }): [string, number] => [event.id, record.offset])),
    });
    await consumer.start();
    await until(() => got.length === 5);
    expect(got).toEqual([
      ['e0', 0],
      ['e1', 1],
      ['e2', 2],
      ['e3', 3],
      ['e4', 4],
    ]);
    await consumer.stop();
  });

  it('rejects, without appending anything, when one of several messages cannot be encoded', async () => {
    await expect(createPublisher(log).publish(queued, { ...queued, data: {} } as AnyEnvelope)).rejects.toThrow(
      'cannot be sent',
    );
    expect((await log.end(['minvar.run.events.v1'])).every((p) => p.offset === 0)).toBe(true);
  });
});

describe('a message that is too large', () => {
  let dir: string;
  let store: ObjectStore;
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'minvar-large-'));
    store = await createFolderStore({ dir });
  });
  afterEach(async () => {
    await store.close();
    await rm(dir, { recursive: true });
  });
  /** the example with so many copies of the only row of one of its lists */
  function withRows(type: MessageType, part: string, count: number): AnyEnvelope {
    const event = example(type);
    const [row] = (event.data as unknown as Record<string, unknown[]>)[part]!;
    return { ...event, data: { ...event.data, [part]: Array.from({ length: count }, () => row) } } as AnyEnvelope;
  }
  const parts = [...messageByType.values()].flatMap((m) =>
    m.large.map((part) => [m.type as MessageType, part] as const),
  );
  const lists = parts.filter(([, part]) => part !== 'manifest' && part !== 'removing');

  it.each(lists)(
    'goes without the %s’s %s, which lie in the store, and is whole again for who reads it',
    async (type, part) => {
      const event = withRows(type, part, 5000);
      const record = await encodeFitting(event, store);
      expect(recordBytes(record)).toBeLessThan(maxRecordBytes / 8);
      const sent = decodeEvent(record);
      const at = (sent.data as Record<string, unknown>)[part];
      expect(at).toMatchObject({ count: 5000, sizeBytes: largeBytes(sent) });
      expect(await wholeEvent(sent, readLargeFrom(store))).toEqual(event);
    },
  );

  it('goes with as much as fits', async () => {
    const event = withRows('analysis.completed', 'metrics', 3);
    expect(await encodeFitting(event, store)).toEqual(encodeEvent(event));
    const objects = [];
    for await (const o of store.list('blobs/')) objects.push(o);
    expect(objects).toEqual([]);
  });

  it('gives equal bytes when it is sent again, and refuses without a store', async () => {
    const event = withRows('analysis.completed', 'metrics', 5000);
    expect(await encodeFitting(event, store)).toEqual(await encodeFitting(event, store));
    const log = await createLmdbEventLog({ dir: join(dir, 'log') });
    await expect(createPublisher(log).publish(event)).rejects.toThrow('the limit is');
    await log.close();
  });

  it('is a dead letter when what it refers to is damaged, gone or something else, and waits while the store is away', async () => {
    const sent = decodeEvent(await encodeFitting(withRows('analysis.completed', 'metrics', 5000), store));
    const { metrics } = (sent as EnvelopeOf<'analysis.completed'>).data;
    if (!isReference(metrics)) throw new Error('the metrics are in the message');
    const reason = (read = readLargeFrom(store), of = sent): Promise<string> =>
      wholeEvent(of, read).then(
        () => 'none',
        (e: Error) => (e instanceof DeadLetterError ? e.reason : e.message),
      );
    const away = { get: () => Promise.reject(new Error('ECONNREFUSED')) };
    expect(await reason(readLargeFrom(away))).toBe('ECONNREFUSED');
    await store.put(metrics.key, Buffer.from('[]'));
    expect(await reason()).toBe('corrupt');
    await store.remove(metrics.key);
    expect(await reason()).toBe('invariant');
    const { key, sha256 } = await store.putBlob(Buffer.from('[{"name":7}]'));
    const other = { ...sent, data: { ...sent.data, metrics: { ...metrics, key, sha256 } } } as AnyEnvelope;
    expect(await reason(readLargeFrom(store), other)).toBe('schema');
  });
});
