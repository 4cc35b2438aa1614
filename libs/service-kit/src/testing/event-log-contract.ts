import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Batch, ConsumerOptions, EventLog, LogRecord, NewRecord, Position } from '../event-log/port';
import { DeadLetterError, maxRecordBytes, RecordTooLargeError, RetentionError } from '../event-log/port';
import { until } from './wait';

/** A log for one test: empty topics of its own. */
export interface EventLogHarness {
  readonly log: EventLog;
  /** a topic with three partitions and one with a single partition; nothing else uses them */
  readonly topics: { readonly three: string; readonly one: string };
  /** name for groups, consumers: unique, so that tests on one broker do not meet */
  readonly unique: string;
  /** a second client of the same log, as another process would have it */
  another(): Promise<EventLog>;
  /** makes what is in the topic so far older than its retention; left out where that cannot be done at will */
  expire?(topic: string): Promise<void>;
  destroy(): Promise<void>;
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (value: Uint8Array): string => new TextDecoder().decode(value);
const plain = (r: LogRecord) => ({ topic: r.topic, key: r.key, headers: r.headers, value: text(r.value) });
const positionOf = ({ topic, partition, offset }: Position): Position => ({ topic, partition, offset });

/** What every event log keeps to: run it on each adapter. */
export function eventLogContract(name: string, make: () => Promise<EventLogHarness>): void {
  describe(`the event log contract on ${name}`, () => {
    let h: EventLogHarness;
    beforeEach(async () => void (h = await make()));
    afterEach(() => h.destroy());

    const record = (topic: string, key: string, value: string): NewRecord => ({
      topic,
      key,
      headers: { n: value },
      value: bytes(value),
    });
    const numbered = (topic: string, count: number, from = 0, keys = 5): NewRecord[] =>
      Array.from({ length: count }, (_, i) => record(topic, `key-${(from + i) % keys}`, String(from + i)));

    async function readAll(topic: string, log = h.log): Promise<LogRecord[]> {
      const all: LogRecord[] = [];
      for (const end of await log.end([topic])) {
        const { partition } = end;
        let { offset: from } = (await log.begin([topic]))[partition]!;
        while (from < end.offset) {
          const { records, next } = await log.read({ topic, partition, from, limit: 100 });
          all.push(...records);
          from = next;
        }
      }
      return all;
    }

    /** A consumer that keeps what it was given. */
    function collect(topics: readonly string[], options: Partial<ConsumerOptions> = {}, log = h.log) {
      const got: LogRecord[] = [];
      const consumer = log.consumer({
        group: `${h.unique}-group`,
        consumer: h.unique,
        topics,
        backoffMs: { first: 5, longest: 40 },
        onBatch: async ({ records }) => void got.push(...records),
        ...options,
      });
      return { consumer, got };
    }

    /** Numbers of each key of each topic in the order they came. */
    const byKey = (records: readonly LogRecord[]): Record<string, number[]> => {
      const keys: Record<string, number[]> = {};
      for (const r of records) (keys[`${r.topic} ${r.key}`] ??= []).push(Number(text(r.value)));
      return keys;
    };
    const expectInOrder = (records: readonly LogRecord[], count: number): void => {
      expect(records.map((r) => Number(text(r.value))).sort((a, b) => a - b)).toEqual(
        Array.from({ length: count }, (_, i) => i),
      );
      for (const numbers of Object.values(byKey(records))) expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
    };

    describe('appending and reading', () => {
      it('gives back key, headers and bytes at the positions that append answered', async () => {
        const records: NewRecord[] = [
          {
            topic: h.topics.one,
            key: 'run_1',
            headers: { ce_type: 'run.queued', empty: '', umlaut: 'ä€😀' },
            value: Uint8Array.of(0, 255, 10, 13),
          },
          { topic: h.topics.three, key: '', headers: {}, value: new Uint8Array() },
        ];
        const positions = await h.log.append(records);
        for (const [i, { topic, partition, offset }] of positions.entries()) {
          const { records: found, next } = await h.log.read({ topic, partition, from: offset, limit: 10 });
          expect(found).toHaveLength(1);
          expect(next).toBeGreaterThan(offset);
          const { key, headers, value, timestamp } = found[0]!;
          expect({ topic, key, headers, value: new Uint8Array(value) }).toEqual(records[i]);
          expect(positionOf(found[0]!)).toEqual(positions[i]);
          expect(Math.abs(timestamp - Date.now())).toBeLessThan(60_000);
        }
      });

      it('keeps the order within a key and puts a key always into the same partition', async () => {
        for (let i = 0; i < 60; i += 20) await h.log.append(numbered(h.topics.three, 20, i, 7));
        const all = await readAll(h.topics.three);
        expectInOrder(all, 60);
        const partitions = new Map(all.map((r) => [r.key, r.partition]));
        for (const r of all) expect(r.partition).toBe(partitions.get(r.key));
        expect(new Set(partitions.values()).size).toBeGreaterThan(1);
      });

      it('keeps appends that overlap in time apart and in order', async () => {
        const calls = Array.from({ length: 20 }, (_, i) => h.log.append(numbered(h.topics.one, 3, i * 3)));
        const positions = (await Promise.all(calls)).flat();
        expect(new Set(positions.map((p) => p.offset)).size).toBe(60);
        expectInOrder(await readAll(h.topics.one), 60);
      });

      it('answers an empty append and reads nothing at the end', async () => {
        expect(await h.log.append([])).toEqual([]);
        const [end] = await h.log.end([h.topics.one]);
        expect(await h.log.read({ topic: h.topics.one, partition: 0, from: end!.offset, limit: 10 })).toEqual({
          records: [],
          next: end!.offset,
        });
      });

      it('names one end and one beginning for each partition', async () => {
        const count = async (edge: 'begin' | 'end') =>
          (await h.log[edge]([h.topics.three, h.topics.one])).map((p) => `${p.topic}/${p.partition}`);
        const expected = [0, 1, 2].map((p) => `${h.topics.three}/${p}`).concat(`${h.topics.one}/0`);
        expect(await count('begin')).toEqual(expected);
        expect(await count('end')).toEqual(expected);
      });

      it('refuses a message over 256 KB with topic, key and size, and appends nothing of the call', async () => {
        const big = { ...record(h.topics.one, 'run_big', ''), value: new Uint8Array(maxRecordBytes) };
        const error = await h.log.append([record(h.topics.one, 'a', '0'), big]).catch((e: unknown) => e);
        expect(error).toBeInstanceOf(RecordTooLargeError);
        expect(error).toMatchObject({
          topic: h.topics.one,
          key: 'run_big',
          sizeBytes: maxRecordBytes + 'run_big'.length + 1,
        });
        expect(await readAll(h.topics.one)).toEqual([]);
        await h.log.append([{ ...big, key: '', headers: {}, value: new Uint8Array(maxRecordBytes) }]);
        expect(await readAll(h.topics.one)).toHaveLength(1);
      });

      it('shows another client what was acknowledged to the first', async () => {
        const other = await h.another();
        await h.log.append(numbered(h.topics.three, 10));
        expectInOrder(await readAll(h.topics.three, other), 10);
        await other.append(numbered(h.topics.three, 10, 10));
        expectInOrder(await readAll(h.topics.three), 20);
      });

      it('says RetentionError with the first offset kept when the position is older', async (context) => {
        if (!h.expire) return context.skip(`${name} cannot make records expire at will`);
        await h.log.append(numbered(h.topics.one, 5));
        await h.expire(h.topics.one);
        await h.log.append(numbered(h.topics.one, 1, 5));
        const error = await h.log
          .read({ topic: h.topics.one, partition: 0, from: 2, limit: 10 })
          .catch((e: unknown) => e);
        expect(error).toBeInstanceOf(RetentionError);
        expect((error as RetentionError).first).toBe(5);
        expect((await h.log.begin([h.topics.one]))[0]!.offset).toBe(5);
        expect(
          (await h.log.read({ topic: h.topics.one, partition: 0, from: 5, limit: 10 })).records.map(plain),
        ).toEqual([numbered(h.topics.one, 1, 5)[0]].map((r) => ({ ...r!, value: '5' })));
      });
    });

    describe('consuming', () => {
      it('hands out what was there before and what comes after, each key in order', async () => {
        await h.log.append(numbered(h.topics.three, 30));
        const { consumer, got } = collect([h.topics.three, h.topics.one]);
        await consumer.start();
        await h.log.append([...numbered(h.topics.three, 15, 30), ...numbered(h.topics.one, 15, 45)]);
        await until(() => got.length >= 60);
        expectInOrder(got, 60);
        await consumer.stop();
      });

      it('never puts two partitions into a batch, nor more records than asked for', async () => {
        await h.log.append([...numbered(h.topics.three, 40), ...numbered(h.topics.one, 20, 40)]);
        const batches: Batch[] = [];
        const { consumer } = collect([h.topics.three, h.topics.one], {
          maxBatch: 7,
          onBatch: async (b) => void batches.push(b),
        });
        await consumer.start();
        await until(() => batches.flatMap((b) => b.records).length >= 60);
        await consumer.stop();
        for (const b of batches) {
          expect(b.records.length).toBeGreaterThan(0);
          expect(b.records.length).toBeLessThanOrEqual(7);
          for (const r of b.records) expect([r.topic, r.partition]).toEqual([b.topic, b.partition]);
        }
        expect(batches.some((b) => b.records.length > 1)).toBe(true);
      });

      it('goes on after a restart where the group stopped, and says where that is', async () => {
        await h.log.append(numbered(h.topics.one, 10));
        const first = collect([h.topics.one]);
        await first.consumer.start();
        await until(() => first.got.length === 10);
        await first.consumer.stop();
        expect(await h.log.committed(`${h.unique}-group`, [h.topics.one])).toEqual(await h.log.end([h.topics.one]));
        await h.log.append(numbered(h.topics.one, 5, 10));
        const second = collect([h.topics.one], {}, await h.another());
        await second.consumer.start();
        await until(() => second.got.length >= 5);
        await second.consumer.stop();
        expect(second.got.map((r) => text(r.value))).toEqual(['10', '11', '12', '13', '14']);
      });

      it('gives every group everything', async () => {
        await h.log.append(numbered(h.topics.three, 10));
        const a = collect([h.topics.three], { group: `${h.unique}-a` });
        const b = collect([h.topics.three], { group: `${h.unique}-b` });
        await Promise.all([a.consumer.start(), b.consumer.start()]);
        await until(() => a.got.length >= 10 && b.got.length >= 10);
        await Promise.all([a.consumer.stop(), b.consumer.stop()]);
        expectInOrder(a.got, 10);
        expectInOrder(b.got, 10);
      });

      it('begins a new group at the end when told so, and loses nothing between two starts', async () => {
        await h.log.append(numbered(h.topics.one, 5));
        const first = collect([h.topics.one], { startFrom: 'latest' });
        await first.consumer.start();
        await until(() => first.consumer.status().length === 1);
        await first.consumer.stop();
        await h.log.append(numbered(h.topics.one, 2, 5));
        const second = collect([h.topics.one], { startFrom: 'latest' });
        await second.consumer.start();
        await until(() => second.got.length >= 2);
        await second.consumer.stop();
        expect([...first.got, ...second.got].map((r) => text(r.value))).toEqual(['5', '6']);
      });

      it('begins at the end of a topic that is still empty, too', async () => {
        const options = { startFrom: 'latest' } as const;
        const group = `${h.unique}-group`;
        const first = collect([h.topics.one], options);
        await first.consumer.start();
        await until(async () => (await h.log.committed(group, [h.topics.one])).length === 1);
        await first.consumer.stop();
        await h.log.append(numbered(h.topics.one, 2));
        const second = collect([h.topics.one], options);
        await second.consumer.start();
        await until(() => second.got.length === 2);
        await second.consumer.stop();
      });

      it('goes on with what is left when records were given up before the group came to them, and says so', async (context) => {
        if (!h.expire) return context.skip(`${name} cannot make records expire at will`);
        await h.log.append(numbered(h.topics.one, 4));
        const first = collect([h.topics.one], { maxBatch: 1 });
        await first.consumer.start();
        await until(() => first.got.length === 4);
        await first.consumer.stop();
        await h.log.append(numbered(h.topics.one, 3, 4));
        await h.expire(h.topics.one);
        await h.log.append(numbered(h.topics.one, 2, 7));
        const errors: unknown[] = [];
        const second = collect([h.topics.one], { onError: (error) => errors.push(error) });
        await second.consumer.start();
        await until(() => second.got.length === 2);
        await second.consumer.stop();
        expect(second.got.map((r) => text(r.value))).toEqual(['7', '8']);
        expect(errors).toEqual([expect.any(RetentionError)]);
        expect(errors[0]).toMatchObject({ at: { offset: 4 }, first: 7 });
      });

      it('tells a handler by its signal that the consumer stops', async () => {
        await h.log.append(numbered(h.topics.one, 1));
        let told = false;
        const { consumer } = collect([h.topics.one], {
          onBatch: ({ signal }) =>
            new Promise((_, failed) => signal.addEventListener('abort', () => failed(new Error(`${(told = true)}`)))),
        });
        await consumer.start();
        await until(() => consumer.status().some((p) => p.lag === 1));
        await new Promise((r) => setTimeout(r, 50));
        await consumer.stop();
        expect(told).toBe(true);
        expect(await h.log.committed(`${h.unique}-group`, [h.topics.one])).toEqual([]);
      });

      it('does not deliver records before the offsets that the handler has stored itself', async () => {
        const positions = await h.log.append(numbered(h.topics.three, 30));
        const stored = new Map<string, Position>();
        for (const p of positions.slice(0, 12)) stored.set(`${p.partition}`, { ...p, offset: p.offset + 1 });
        const asked: number[] = [];
        const { consumer, got } = collect([h.topics.three], {
          storedOffsets: async (partitions) => {
            asked.push(...partitions.map((p) => p.partition));
            return [...stored.values()];
          },
        });
        await consumer.start();
        await until(() => got.length >= 18);
        await consumer.stop();
        expect(got.map((r) => Number(text(r.value))).sort((a, b) => a - b)).toEqual(
          Array.from({ length: 18 }, (_, i) => i + 12),
        );
        expect(asked.sort()).toEqual([0, 1, 2]);
      });

      it('waits at stop for the handler in progress and stores its offset', async () => {
        await h.log.append(numbered(h.topics.one, 1));
        let finish = (): void => {};
        let began = false;
        const { consumer } = collect([h.topics.one], {
          onBatch: () => {
            began = true;
            return new Promise((done) => (finish = done));
          },
        });
        await consumer.start();
        await until(() => began);
        let stopped = false;
        const stopping = consumer.stop().then(() => (stopped = true));
        await new Promise((r) => setTimeout(r, 30));
        expect(stopped).toBe(false);
        finish();
        await stopping;
        expect((await h.log.committed(`${h.unique}-group`, [h.topics.one]))[0]!.offset).toBe(1);
      });

      it('hands out nothing while paused', async () => {
        const { consumer, got } = collect([h.topics.one]);
        await consumer.start();
        await until(() => consumer.status().length === 1);
        await consumer.pause();
        await h.log.append(numbered(h.topics.one, 3));
        await new Promise((r) => setTimeout(r, 100));
        expect(got).toEqual([]);
        expect(consumer.status().map((s) => [s.state, s.lag])).toEqual([['paused', 3]]);
        consumer.resume();
        await until(() => got.length === 3);
        await consumer.stop();
      });
    });

    describe('failures of handlers', () => {
      it('tries the same records again, lets other partitions go on, and says so', async () => {
        let broken = true;
        const got: LogRecord[] = [];
        const errors: unknown[] = [];
        const { consumer } = collect([h.topics.three, h.topics.one], {
          onBatch: async ({ topic, records }) => {
            if (topic === h.topics.one && broken) throw new Error('the store is down');
            got.push(...records);
          },
          onError: (error, at) => errors.push([(error as Error).message, at.topic, at.offset]),
        });
        await h.log.append(numbered(h.topics.one, 3));
        await consumer.start();
        await until(() => errors.length >= 3);
        await h.log.append(numbered(h.topics.three, 9, 3));
        await until(() => got.length === 9);
        expect(consumer.ready()).toBe(false);
        const stalled = consumer.status().find((s) => s.topic === h.topics.one)!;
        expect(stalled).toMatchObject({ state: 'retrying', next: 0, lag: 3, because: 'the store is down' });
        expect(errors[0]).toEqual(['the store is down', h.topics.one, 0]);
        broken = false;
        await until(() => got.length === 12);
        await until(() => consumer.ready());
        await consumer.stop();
        expectInOrder(got, 12);
      });

      it('does not move the offset over a batch that failed', async () => {
        await h.log.append(numbered(h.topics.one, 4));
        let calls = 0;
        const { consumer } = collect([h.topics.one], {
          onBatch: async () => Promise.reject(new Error(`no ${++calls}`)),
        });
        await consumer.start();
        await until(() => calls >= 2);
        await consumer.stop();
        expect(await h.log.committed(`${h.unique}-group`, [h.topics.one])).toEqual([]);
      });

      it('moves a record that can never be handled to the dead-letter topic, whole, and goes on', async () => {
        const dead = `minvar.${h.unique}.dead`;
        await h.log.append(numbered(h.topics.one, 12));
        const told: [string, string][] = [];
        const got: LogRecord[] = [];
        const { consumer } = collect([h.topics.one], {
          onBatch: async ({ records }) => {
            if (records.some((r) => text(r.value) === '4' || text(r.value) === '9'))
              throw new DeadLetterError('invariant', 'fours and nines are not welcome');
            got.push(...records);
          },
          onDeadLetter: async (r, reason) => void told.push([text(r.value), reason]),
        });
        await consumer.start();
        await until(() => got.length === 10);
        await until(async () => (await h.log.committed(`${h.unique}-group`, [h.topics.one]))[0]?.offset === 12);
        await consumer.stop();
        expect(got.map((r) => Number(text(r.value)))).toEqual([0, 1, 2, 3, 5, 6, 7, 8, 10, 11]);
        expect(told).toEqual([
          ['4', 'invariant'],
          ['9', 'invariant'],
        ]);
        const letters = await readAll(dead);
        expect(letters.map((l) => text(l.value))).toEqual(['4', '9']);
        expect(letters[0]!.key).toBe('key-4');
        expect(letters[0]!.headers).toMatchObject({
          ...{ n: '4', dead_topic: h.topics.one, dead_partition: '0', dead_offset: '4', dead_reason: 'invariant' },
          ...{ dead_message: 'fours and nines are not welcome', dead_consumer: h.unique },
        });
      });

      it('buries a record once, however often telling of it fails, and passes over none behind it', async () => {
        await h.log.append(numbered(h.topics.one, 3));
        let failures = 0;
        const { consumer, got } = collect([h.topics.one], {
          onBatch: async ({ records }) => {
            if (records.some((r) => text(r.value) === '1')) throw new DeadLetterError('schema', 'no ones');
            got.push(...records);
          },
          onDeadLetter: async () => {
            if (++failures <= 3) throw new Error('nobody listens');
          },
        });
        await consumer.start();
        await until(() => got.length === 2);
        await consumer.stop();
        expect(failures).toBe(4);
        expect(got.map((r) => text(r.value))).toEqual(['0', '2']);
        expect((await readAll(`minvar.${h.unique}.dead`)).map((l) => text(l.value))).toEqual(['1']);
      });

      it('buries the letters of a partition in the order of their records, whatever the batches', async () => {
        await h.log.append(numbered(h.topics.one, 25));
        const isBad = (r: LogRecord): boolean => Number(text(r.value)) % 3 !== 0;
        const { consumer } = collect([h.topics.one], {
          maxBatch: 10,
          onBatch: async ({ records }) => {
            if (records.some(isBad)) throw new DeadLetterError('invariant', 'not divisible by three');
          },
        });
        await consumer.start();
        await until(async () => (await h.log.committed(`${h.unique}-group`, [h.topics.one]))[0]?.offset === 25);
        await consumer.stop();
        const letters = await readAll(`minvar.${h.unique}.dead`);
        expect(letters.map((l) => Number(text(l.value)))).toEqual(
          Array.from({ length: 25 }, (_, i) => i).filter((i) => i % 3 !== 0),
        );
        expect(letters.map((l) => l.headers['dead_offset'])).toEqual(letters.map((l) => text(l.value)));
      });

      it('moves even a record of the largest size to the dead-letter topic', async () => {
        const value = new Uint8Array(maxRecordBytes).fill(7);
        await h.log.append([{ topic: h.topics.one, key: '', headers: {}, value }]);
        const { consumer } = collect([h.topics.one], {
          onBatch: async () => Promise.reject(new DeadLetterError('schema', 'no')),
        });
        await consumer.start();
        await until(async () => (await h.log.end([`minvar.${h.unique}.dead`]))[0]!.offset === 1);
        await consumer.stop();
        expect((await readAll(`minvar.${h.unique}.dead`))[0]!.value.byteLength).toBe(maxRecordBytes);
      });
    });

    describe('members of a group', () => {
      it('share the partitions; each record goes to one of them', async () => {
        const a = collect([h.topics.three], {}, h.log);
        const b = collect([h.topics.three], {}, await h.another());
        await Promise.all([a.consumer.start(), b.consumer.start()]);
        await until(
          () =>
            a.consumer.status().length + b.consumer.status().length === 3 &&
            a.consumer.status().length > 0 &&
            b.consumer.status().length > 0,
        );
        await h.log.append(numbered(h.topics.three, 60, 0, 20));
        await until(() => a.got.length + b.got.length >= 60);
        await Promise.all([a.consumer.stop(), b.consumer.stop()]);
        expect(a.got.length).toBeGreaterThan(0);
        expect(b.got.length).toBeGreaterThan(0);
        expectInOrder([...a.got, ...b.got], 60);
      });

      it('never read one partition at the same time, also while they come and go', async () => {
        const other = await h.another();
        const inside = new Map<number, number>();
        const seen: LogRecord[] = [];
        let most = 0;
        const options: Partial<ConsumerOptions> = {
          maxBatch: 2,
          concurrency: 3,
          onBatch: async ({ partition, records }) => {
            const now = (inside.get(partition) ?? 0) + 1;
            inside.set(partition, now);
            most = Math.max(most, now);
            await new Promise((r) => setTimeout(r, 15));
            seen.push(...records);
            inside.set(partition, inside.get(partition)! - 1);
          },
        };
        await h.log.append(numbered(h.topics.three, 120, 0, 20));
        const steady = collect([h.topics.three], options, h.log);
        await steady.consumer.start();
        for (let round = 0; round < 3; round++) {
          const guest = collect([h.topics.three], options, other);
          await guest.consumer.start();
          await new Promise((r) => setTimeout(r, 60));
          await guest.consumer.stop();
        }
        await until(() => new Set(seen.map((r) => text(r.value))).size === 120);
        await steady.consumer.stop();
        expect(most).toBe(1);
        // Offsets were stored before each partition changed hands: nothing came twice.
        expect(seen).toHaveLength(120);
      });

      it('take over what a member left undone', async () => {
        const other = await h.another();
        const never = collect([h.topics.three], { onBatch: async () => Promise.reject(new Error('not here')) }, other);
        await never.consumer.start();
        await h.log.append(numbered(h.topics.three, 30, 0, 20));
        await until(() => never.consumer.status().some((p) => p.failures > 0));
        const heir = collect([h.topics.three]);
        await heir.consumer.start();
        await never.consumer.stop();
        await until(() => heir.got.length >= 30);
        await heir.consumer.stop();
        expectInOrder(heir.got, 30);
      });

      it('come and go while records flow: nothing is lost, and no key goes backwards', async () => {
        const seen: LogRecord[] = [];
        const options: Partial<ConsumerOptions> = {
          maxBatch: 3,
          onBatch: async ({ records }) => void seen.push(...records),
        };
        const other = await h.another();
        const steady = collect([h.topics.three], options, h.log);
        await steady.consumer.start();
        let sent = 0;
        for (let round = 0; round < 6; round++) {
          const guest = collect([h.topics.three], options, round % 2 === 0 ? other : h.log);
          await h.log.append(numbered(h.topics.three, 20, sent, 12));
          await guest.consumer.start();
          await h.log.append(numbered(h.topics.three, 20, (sent += 20), 12));
          sent += 20;
          await guest.consumer.stop();
        }
        await until(
          () => new Set(seen.map((r) => text(r.value))).size === sent,
          () => `${seen.length} of ${sent}`,
        );
        await steady.consumer.stop();
        // Delivered at least once; a repeat never comes before what it repeats.
        const firsts = [...new Map(seen.map((r) => [text(r.value), r])).values()];
        expectInOrder(firsts, sent);
      });
    });
  });
}
