import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isFull, StorageFullError } from '../errors';
import type { ForkedChild } from '../testing/bundle';
import { bundleAndFork } from '../testing/bundle';
import { faultTopics } from '../testing/fault-topics';
import { smallDisk } from '../testing/small-disk';
import { until } from '../testing/wait';
import type { LmdbEventLog } from './lmdb';
import { createLmdbEventLog } from './lmdb';
import type { LogRecord, Position } from './port';
import { CorruptRecordError } from './port';

type Said =
  | { kind: 'ready' | 'done' }
  | { kind: 'acknowledged'; from: number; positions: Position[] }
  | { kind: 'refused'; name: string; message: string }
  | { kind: 'handled'; records: [number, number, string][] };
type Acknowledged = Extract<Said, { kind: 'acknowledged' }>;

const text = (r: LogRecord): string => Buffer.from(r.value).toString();
const content = (writer: string, n: number): string => `${writer} ${n} ${'.'.repeat(n % 300)}`;

describe('the LMDB log', () => {
  let dir: string;
  const children: ForkedChild[] = [];
  const logs: LmdbEventLog[] = [];
  beforeEach(async () => void (dir = await mkdtemp(join(tmpdir(), 'minvar-log-'))));
  afterEach(async () => {
    for (const c of children.splice(0)) await c.end();
    for (const l of logs.splice(0)) await l.close();
    await rm(dir, { recursive: true, force: true });
  });

  async function openLog(): Promise<LmdbEventLog> {
    const log = await createLmdbEventLog({ dir, topics: faultTopics, pollMs: 5 });
    logs.push(log);
    return log;
  }
  async function fork(args: string[], env: Record<string, string> = {}): Promise<ForkedChild> {
    const child = await bundleAndFork(join(import.meta.dirname, '../testing/lmdb-log.child.ts'), [dir, ...args], env);
    children.push(child);
    expect(await child.next()).toEqual({ kind: 'ready' });
    return child;
  }
  const acknowledged = (child: ForkedChild): Acknowledged[] =>
    (child.messages as Said[]).filter((m) => m.kind === 'acknowledged');

  async function readAll(log: LmdbEventLog): Promise<LogRecord[]> {
    const all: LogRecord[] = [];
    for (const { partition, offset } of await log.end(['numbers'])) {
      for (let from = 0; from < offset;) {
        const { records, next } = await log.read({ topic: 'numbers', partition, from, limit: 1000 });
        all.push(...records);
        from = next;
      }
    }
    return all;
  }

  it('has everything that a process killed while appending had reported as acknowledged', async () => {
    const promised: { writer: string; n: number; at: Position }[] = [];
    for (let round = 0; round < 4; round++) {
      const writer = `w${round}`;
      const child = await fork(['append', writer, '1000000', '5']);
      child.send('go');
      await until(() => acknowledged(child).length >= 3 + round * 10);
      await new Promise((r) => setTimeout(r, Math.random() * 20));
      child.process.kill('SIGKILL');
      expect(await child.exited).toEqual({ code: null, signal: 'SIGKILL' });
      for (const { from, positions } of acknowledged(child))
        promised.push(...positions.map((at, i) => ({ writer, n: from + i, at })));
    }
    const found = new Map((await readAll(await openLog())).map((r) => [`${r.partition}/${r.offset}`, r]));
    expect(promised.length).toBeGreaterThan(4 * 15);
    for (const { writer, n, at } of promised) {
      const record = found.get(`${at.partition}/${at.offset}`);
      expect(record && [text(record), record.headers['writer']]).toEqual([content(writer, n), writer]);
    }
  });

  it('gives a consumer each record of two other processes once, in the order of each', async () => {
    const writers = await Promise.all(['a', 'b'].map((name) => fork(['append', name, '300', '3'])));
    const log = await openLog();
    const got: LogRecord[] = [];
    const consumer = log.consumer({
      group: 'g',
      consumer: 'g',
      topics: ['numbers'],
      onBatch: async ({ records }) => void got.push(...records),
    });
    await consumer.start();
    for (const w of writers) w.send('go');
    await until(
      () => got.length >= 600,
      () => `${got.length} of 600`,
    );
    await consumer.stop();
    expect(got).toHaveLength(600);
    for (const writer of ['a', 'b']) {
      const numbers = got
        .filter((r) => r.headers['writer'] === writer)
        .map((r) => ({ key: r.key, n: Number(text(r).split(' ')[1]) }));
      expect(numbers.map(({ n }) => n).sort((x, y) => x - y)).toEqual(Array.from({ length: 300 }, (_, i) => i));
      for (let k = 0; k < 4; k++) {
        const ofKey = numbers.filter(({ key }) => key === `${writer}-${k}`).map(({ n }) => n);
        expect(ofKey).toEqual([...ofKey].sort((x, y) => x - y));
      }
    }
    const offsets = (await readAll(log)).map((r) => `${r.partition}/${r.offset}`);
    expect(new Set(offsets).size).toBe(600);
  });

  it('passes the partitions of a consumer that was killed on to one that lives', async () => {
    const log = await openLog();
    const other = await fork(['consume', 'g']);
    const got: string[] = [];
    const consumer = log.consumer({
      group: 'g',
      consumer: 'g',
      topics: ['numbers'],
      onBatch: async ({ records }) => void got.push(...records.map(text)),
    });
    await consumer.start();
    await until(() => consumer.status().length < 3 && consumer.status().length > 0);
    other.process.kill('SIGKILL');
    await other.exited;
    await log.append(
      Array.from({ length: 30 }, (_, n) => ({
        topic: 'numbers',
        key: `k${n}`,
        headers: {},
        value: Buffer.from(content('x', n)),
      })),
    );
    await until(() => got.length === 30);
    expect(consumer.status()).toHaveLength(3);
  });

  it('finds a flipped bit, names topic and offset, and a consumer goes on behind it', async () => {
    const first = await openLog();
    const marks = Array.from({ length: 5 }, (_, n) => `mark-${n}-${'x'.repeat(40)}`);
    await first.append(marks.map((m) => ({ topic: 'numbers', key: 'k', headers: {}, value: Buffer.from(m) })));
    const { partition } = (await readAll(first))[0]!;
    await logs.pop()!.close();

    const file = join(dir, 'data.mdb');
    const bytes = await readFile(file);
    const handle = await open(file, 'r+');
    let flipped = 0;
    for (let at = bytes.indexOf('mark-2'); at >= 0; at = bytes.indexOf('mark-2', at + 1), flipped++) {
      await handle.write(Buffer.of(bytes[at + 8]! ^ 0x10), 0, 1, at + 8);
    }
    await handle.close();
    expect(flipped).toBeGreaterThan(0);

    const log = await openLog();
    const before = await log.read({ topic: 'numbers', partition, from: 0, limit: 10 });
    expect(before.records.map(text)).toEqual(marks.slice(0, 2));
    const error = await log
      .read({ topic: 'numbers', partition, from: before.next, limit: 10 })
      .catch((e: unknown) => e);
    expect(error).toBeInstanceOf(CorruptRecordError);
    expect(error).toMatchObject({
      at: { topic: 'numbers', partition, offset: 2 },
      because: 'its checksum does not match',
    });

    const got: string[] = [];
    const consumer = log.consumer({
      group: 'g',
      consumer: 'g',
      topics: ['numbers'],
      onBatch: async ({ records }) => void got.push(...records.map(text)),
    });
    await consumer.start();
    await until(() => got.length === 4);
    expect(got).toEqual(marks.filter((_, i) => i !== 2));
    const dead = await log.read({ topic: 'minvar.g.dead', partition: 0, from: 0, limit: 10 });
    expect(dead.records.map((r) => r.headers)).toMatchObject([
      { dead_reason: 'corrupt', dead_topic: 'numbers', dead_offset: '2' },
    ]);
    expect(Buffer.from(dead.records[0]!.value).includes('mark')).toBe(true);
  });

  it('refuses to be opened with another number of partitions', async () => {
    await (await openLog()).append([{ topic: 'numbers', key: 'k', headers: {}, value: new Uint8Array() }]);
    await logs.pop()!.close();
    await expect(
      createLmdbEventLog({ dir, topics: new Map([['numbers', { partitions: 4, retentionMs: null }]]) }),
    ).rejects.toThrow(/3 partitions of numbers, this version wants 4/);
  });

  describe('when syncing the disk takes long or fails', () => {
    const library = join(tmpdir(), `minvar-slow-sync-${process.pid}.so`);
    const compile = (): string | null => {
      try {
        execFileSync(
          'cc',
          ['-shared', '-fPIC', '-o', library, join(import.meta.dirname, '../testing/slow-sync.c'), '-ldl'],
          { stdio: 'pipe' },
        );
        return null;
      } catch (error) {
        return (error as Error).message.split('\n')[0]!;
      }
    };
    afterEach(() => rm(library, { force: true }));

    it('shows a record to other processes only after it is on the disk, and acknowledges it later still', async (context) => {
      const problem = process.platform === 'linux' ? compile() : 'LD_PRELOAD is for Linux';
      if (problem) return context.skip(`needs a C compiler: ${problem}`);
      const log = await openLog();
      await log.append([{ topic: 'numbers', key: 'k', headers: {}, value: new Uint8Array() }]); // makes the tables
      const notes = join(dir, 'notes');
      const child = await fork(['append', 'slow', '1', '1'], { LD_PRELOAD: library, SYNC_NOTES: notes });
      await rm(notes, { force: true });
      child.send('go');
      await until(async () => (await log.end(['numbers'])).reduce((sum, p) => sum + p.offset, 0) === 2);
      expect(existsSync(notes)).toBe(true);
      await child.next();
      expect(acknowledged(child)).toHaveLength(1);
    });

    it('neither acknowledges nor shows a record whose sync failed', async (context) => {
      const problem = process.platform === 'linux' ? compile() : 'LD_PRELOAD is for Linux';
      if (problem) return context.skip(`needs a C compiler: ${problem}`);
      const log = await openLog();
      await log.append([{ topic: 'numbers', key: 'k', headers: {}, value: new Uint8Array() }]);
      const child = await fork(['append', 'lost', '1', '1'], { LD_PRELOAD: library, SYNC_NOTES: 'fail' });
      child.send('go');
      expect(await child.next()).toMatchObject({ kind: 'refused', message: 'Input/output error' });
      expect((await readAll(log)).map(text)).toEqual(['']);
      await log.append([{ topic: 'numbers', key: 'k', headers: {}, value: Buffer.from('after') }]);
      expect((await readAll(log)).map(text)).toEqual(['', 'after']);
    });
  });

  it('acknowledges nothing on a full disk, loses nothing it had acknowledged, and goes on when there is space', async (context) => {
    const disk = await smallDisk(12);
    if ('because' in disk) return context.skip(disk.because);
    try {
      const filler = join(disk.dir, 'filler');
      await writeFile(filler, Buffer.alloc(9 * 1024 * 1024));
      const log = await createLmdbEventLog({ dir: join(disk.dir, 'events'), topics: faultTopics });
      const fails = (dir: string) => createLmdbEventLog({ dir, topics: faultTopics }).catch((e: unknown) => e);
      const consumer = log.consumer({ group: 'g', consumer: 'g', topics: ['numbers'], onBatch: async () => {} });
      await consumer.start();
      const value = Buffer.alloc(100_000, 7);
      const append = (n: number) => log.append([{ topic: 'numbers', key: 'k', headers: { n: String(n) }, value }]);
      let count = 0;
      let error: unknown = null;
      while (error === null)
        error = await append(count++).then(
          () => null,
          (e: unknown) => e,
        );
      expect(error).toBeInstanceOf(StorageFullError);
      expect((error as Error).message).toContain(join(disk.dir, 'events'));
      expect(await append(count).catch((e: unknown) => e)).toBeInstanceOf(StorageFullError);
      expect((await log.end(['numbers'])).reduce((sum, p) => sum + p.offset, 0)).toBe(count - 1);
      expect(await log.healthy()).toContain('no space left');
      await consumer.stop();
      await writeFile(join(disk.dir, 'rest'), Buffer.alloc(12 * 1024 * 1024)).catch(() => {});
      expect(await createLmdbEventLog({ dir: join(disk.dir, 'other') }).catch((e: unknown) => isFull(e))).toBe(true);
      expect(await fails(join(disk.dir, 'events'))).toBeInstanceOf(StorageFullError);
      await rm(join(disk.dir, 'rest'));
      await rm(filler);
      await append(count - 1);
      expect(await log.healthy()).toBeNull();
      const { partition } = (await log.end(['numbers'])).find((p) => p.offset > 0)!;
      const { records } = await log.read({ topic: 'numbers', partition, from: 0, limit: 1000 });
      expect(records.map((r) => Number(r.headers['n']))).toEqual(Array.from({ length: count }, (_, i) => i));
      expect(records.every((r) => Buffer.from(r.value).equals(value))).toBe(true);
      await log.close();
    } finally {
      await disk.remove();
    }
  });
});
