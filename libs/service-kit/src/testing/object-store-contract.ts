import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ObjectStore } from '../object-store/port';
import { HashMismatchError, InvalidKeyError, ObjectNotFoundError, PreconditionFailed } from '../object-store/port';
import { probeConditionalWrites } from '../object-store/probe';
import type { ForkedChild } from './bundle';
import type { FromSwapChild, ToSwapChild } from './swap-child';

export interface ObjectStoreHarness {
  readonly store: ObjectStore;
  /** a second client of the same store */
  another(): Promise<ObjectStore>;
  /** a process of its own that runs `runSwapChild` on the same store */
  fork(): Promise<ForkedChild>;
  destroy(): Promise<void>;
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (value: Uint8Array): string => new TextDecoder().decode(value);
const sha256 = (value: Uint8Array): string => createHash('sha256').update(value).digest('hex');
const caught = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 'no error',
    (e: unknown) => e,
  );

async function readStream(stream: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** What every object store keeps to: run it on each adapter. */
export function objectStoreContract(name: string, make: () => Promise<ObjectStoreHarness>): void {
  describe(`the object store contract on ${name}`, () => {
    let h: ObjectStoreHarness;
    let store: ObjectStore;
    let folder: string;
    let next = 0;
    /** a prefix that no other test uses */
    const fresh = (): string => `runs/test-${process.pid}-${next++}`;

    beforeAll(async () => {
      h = await make();
      store = h.store;
      folder = await mkdtemp(join(tmpdir(), 'minvar-objects-'));
    });
    afterAll(async () => {
      await h.destroy();
      await rm(folder, { recursive: true, force: true });
    });

    const keysOf = async (prefix: string, options?: { after?: string; limit?: number }): Promise<string[]> => {
      const keys: string[] = [];
      for await (const o of store.list(prefix, options)) keys.push(o.key);
      return keys;
    };

    describe('objects', () => {
      it('are read back whole, at once and by another client, and can be replaced', async () => {
        const key = `${fresh()}/weights.npy`;
        const first = await store.put(key, bytes('one'));
        expect(first).toMatchObject({ key, size: 3 });
        const read = await (await h.another()).get(key);
        expect([text(read.body), read.size, read.etag, read.key]).toEqual(['one', 3, first.etag, key]);
        expect(Math.abs(read.modifiedAt.getTime() - Date.now())).toBeLessThan(60_000);
        const second = await store.put(key, bytes('two!'));
        expect(second.etag).not.toBe(first.etag);
        expect(text((await store.get(key)).body)).toBe('two!');
        expect(await store.stat(key)).toMatchObject({ key, size: 4, etag: second.etag });
      });

      it('may be empty', async () => {
        const key = `${fresh()}/empty.bin`;
        await store.put(key, new Uint8Array());
        expect((await store.get(key)).body.byteLength).toBe(0);
        expect((await readStream((await store.getStream(key)).body)).length).toBe(0);
        expect((await store.stat(key))?.size).toBe(0);
      });

      it.each(['stream', 'file'] as const)('are written from a %s, also of several megabytes', async (kind) => {
        const key = `${fresh()}/big.bin`;
        const content = randomBytes(6_000_001);
        const file = join(folder, `${next}.bin`);
        await writeFile(file, content);
        const parts = [content.subarray(0, 1000), content.subarray(1000, 5_000_000), content.subarray(5_000_000)];
        const { size } = await store.put(key, kind === 'file' ? { file } : Readable.from(parts));
        expect(size).toBe(content.length);
        const stream = await store.getStream(key);
        expect(stream.size).toBe(content.length);
        expect(sha256(await readStream(stream.body))).toBe(sha256(content));
      });

      it('do not exist when the stream they come from fails', async () => {
        const key = `${fresh()}/cut.bin`;
        const failing = Readable.from(
          (async function* () {
            yield Buffer.alloc(100_000);
            throw new Error('the line is cut');
          })(),
        );
        expect(String(await caught(store.put(key, failing)))).toContain('the line is cut');
        expect(await store.stat(key)).toBeNull();
      });

      it('show a reader the old or the new content, never a mixture', async () => {
        const key = `${fresh()}/flip.bin`;
        const [a, b] = [Buffer.alloc(300_000, 1), Buffer.alloc(300_000, 2)];
        await store.put(key, a);
        let writing = true;
        const writer = (async () => {
          for (let i = 0; i < 20; i++) await store.put(key, i % 2 ? a : b);
          writing = false;
        })();
        while (writing) {
          const { body } = await store.get(key);
          expect(body.byteLength).toBe(300_000);
          expect(Buffer.from(body).every((x) => x === body[0])).toBe(true);
        }
        await writer;
      });

      it('that do not exist are an error to read and none to remove', async () => {
        const key = `${fresh()}/nothing.npy`;
        for (const k of [key, key.replace('.npy', '.json')]) {
          for (const call of [
            () => store.get(k),
            () => store.getStream(k),
            () => store.download(k, join(folder, 'x')),
          ]) {
            const error = await caught(call());
            expect(error).toBeInstanceOf(ObjectNotFoundError);
            expect((error as ObjectNotFoundError).key).toBe(k);
          }
          expect(await store.stat(k)).toBeNull();
          await store.remove(k);
        }
      });

      it('are gone after their removal, and can be written again', async () => {
        const key = `${fresh()}/a/b/c.npy`;
        await store.put(key, bytes('1'));
        await store.remove(key);
        expect(await store.stat(key)).toBeNull();
        await store.put(key, bytes('2'));
        expect(text((await store.get(key)).body)).toBe('2');
      });
    });

    describe('ranges', () => {
      it.each([
        [{ start: 2, end: 4 }, 'cde'],
        [{ start: 7 }, 'hij'],
        [{ start: 9, end: 9 }, 'j'],
        [{ start: 8, end: 100 }, 'ij'],
      ])('%j of abcdefghij is %s, with the size of the whole', async (range, expected) => {
        for (const key of [`${fresh()}/r.txt`, `${fresh()}/r.json`]) {
          await store.put(key, bytes('abcdefghij'));
          const got = await store.get(key, { range });
          expect([text(got.body), got.size]).toEqual([expected, 10]);
          expect((await readStream((await store.getStream(key, { range })).body)).toString()).toBe(expected);
        }
      });
      it('outside the object are refused with its size', async () => {
        const key = `${fresh()}/r.txt`;
        await store.put(key, bytes('abc'));
        for (const call of [
          () => store.get(key, { range: { start: 3 } }),
          () => store.getStream(key, { range: { start: 5, end: 6 } }),
        ]) {
          const error = await caught(call());
          expect(error).toBeInstanceOf(RangeError);
          expect(String(error)).toContain('3 bytes');
        }
      });
    });

    describe('blobs', () => {
      it('lie under their SHA-256, once', async () => {
        const content = randomBytes(1000);
        const file = join(folder, 'blob');
        await writeFile(file, content);
        const hash = sha256(content);
        const expected = { key: `blobs/sha256/${hash.slice(0, 2)}/${hash}`, sha256: hash, size: 1000 };
        expect(await store.putBlob(content)).toEqual(expected);
        expect(await store.putBlob({ file })).toEqual(expected);
        expect(sha256((await store.get(expected.key)).body)).toBe(hash);
        expect(await keysOf(expected.key)).toEqual([expected.key]);
      });
    });

    describe('downloads', () => {
      it('give the whole file and its hash', async () => {
        const content = randomBytes(2_500_000);
        const key = `${fresh()}/d.npy`;
        await store.put(key, content);
        const file = join(folder, 'new', 'folder', 'd.npy');
        expect(await store.download(key, file, { sha256: sha256(content) })).toEqual({
          size: content.length,
          sha256: sha256(content),
        });
        expect(sha256(await readFile(file))).toBe(sha256(content));
      });
      it('of something else than expected leave no file', async () => {
        const key = `${fresh()}/d.npy`;
        await store.put(key, bytes('torn'));
        const target = await mkdtemp(join(folder, 'target-'));
        const error = await caught(store.download(key, join(target, 'd.npy'), { sha256: sha256(bytes('whole')) }));
        expect(error).toBeInstanceOf(HashMismatchError);
        expect(error).toMatchObject({ key, expected: sha256(bytes('whole')), found: sha256(bytes('torn')) });
        expect(await readdir(target)).toEqual([]);
      });
    });

    describe('listing', () => {
      it('gives the keys of a prefix in the order of their bytes, with sizes', async () => {
        const p = fresh();
        const keys = [
          'b/x.npy',
          'b.npy',
          'b/y/z.txt',
          'b-1.txt',
          'a.npy',
          'B.npy',
          'b/head.json',
          'bb/c.json',
          'b0.txt',
        ].map((k) => `${p}/${k}`);
        for (const key of keys) {
          if (key.endsWith('head.json')) await store.swap(key, bytes('{"n":1}'), { expected: null });
          else await store.put(key, bytes(key.slice(p.length)));
        }
        const sorted = [...keys].sort();
        expect(await keysOf(`${p}/`)).toEqual(sorted);
        expect(await keysOf(`${p}/b/`)).toEqual(sorted.filter((k) => k.startsWith(`${p}/b/`)));
        expect(await keysOf(`${p}/b`)).toEqual(sorted.filter((k) => k.startsWith(`${p}/b`)));
        expect(await keysOf(`${p}/nothing`)).toEqual([]);
        for await (const o of store.list(`${p}/`)) {
          expect(o.size).toBe(o.key.endsWith('head.json') ? 7 : o.key.length - p.length);
          expect(Math.abs(o.modifiedAt.getTime() - Date.now())).toBeLessThan(60_000);
        }
      });
      it('goes on after any key, page by page', async () => {
        const p = fresh();
        const keys = ['a.txt', 'a/1.txt', 'a/2.txt', 'a/b/3.txt', 'c.txt', 'd/4.txt'].map((k) => `${p}/${k}`).sort();
        for (const key of keys) await store.put(key, bytes('x'));
        for (const [i, key] of keys.entries()) expect(await keysOf(`${p}/`, { after: key })).toEqual(keys.slice(i + 1));
        expect(await keysOf(`${p}/`, { limit: 2 })).toEqual(keys.slice(0, 2));
        expect(await keysOf(`${p}/`, { after: keys[1]!, limit: 3 })).toEqual(keys.slice(2, 5));
        expect(await keysOf(`${p}/`, { after: `${p}/a/0` })).toEqual(keys.filter((k) => k > `${p}/a/0`));
      });
    });

    describe('keys', () => {
      it.each([
        ['', '0 characters'],
        ['/etc/passwd', 'empty segment'],
        ['runs/../../secret', 'begins with a dot'],
        ['runs/./x', 'begins with a dot'],
        ['runs//x', 'empty segment'],
        ['runs/x/', 'empty segment'],
        ['runs\\x', 'not allowed'],
        ['runs/a\u0000b', 'not allowed'],
        ['runs/a\nb', 'not allowed'],
        ['runs/ä', 'not allowed'],
        ['runs/%2e%2e/x', 'not allowed'],
        ['runs/head.7.json', 'versions of swapped objects'],
        ['x'.repeat(901), '901 characters'],
      ])('like %j are refused by every call', async (key, because) => {
        const calls = [
          async () => store.put(key, bytes('x')),
          async () => store.get(key),
          async () => store.getStream(key),
          async () => store.stat(key),
          async () => store.remove(key),
          async () => store.download(key, join(folder, 'never')),
          async () => store.swap(`${key}.json`, bytes('x'), { expected: null }),
          async () => store.signedUrl(key, 60),
        ];
        for (const [i, call] of calls.entries()) {
          if (i === 6 && (key === '' || key.endsWith('head.7.json') || key.endsWith('/') || key.length === 901))
            continue; // with .json it is another key
          const error = await caught(call());
          expect(error).toBeInstanceOf(InvalidKeyError);
          expect((error as Error).message).toContain(because);
        }
      });
    });

    describe('swaps', () => {
      const state = (n: number): Uint8Array => bytes(JSON.stringify({ n, nonce: randomBytes(8).toString('hex') }));

      it('create, replace, and refuse what is no longer current, naming the current etag', async () => {
        const key = `${fresh()}/head.json`;
        const missing = await caught(store.swap(key, state(0), { expected: 'an-etag' }));
        expect(missing).toBeInstanceOf(PreconditionFailed);
        expect(missing).toMatchObject({ key, expected: 'an-etag', current: null });
        const one = await store.swap(key, state(1), { expected: null });
        const again = await caught(store.swap(key, state(2), { expected: null }));
        expect(again).toMatchObject({ name: 'PreconditionFailed', expected: null, current: one.etag });
        const body = state(3);
        const three = await store.swap(key, body, { expected: one.etag });
        expect(await caught(store.swap(key, state(4), { expected: one.etag }))).toMatchObject({
          name: 'PreconditionFailed',
          current: three.etag,
        });
        const read = await (await h.another()).get(key);
        expect([read.etag, text(read.body)]).toEqual([three.etag, text(body)]);
        expect((await store.stat(key))?.etag).toBe(three.etag);
        expect(await keysOf(key.replace('head.json', ''))).toEqual([key]);
      });

      it('stay right over many versions', async () => {
        const key = `${fresh()}/head.json`;
        let etag: string | null = null;
        const all: string[] = [];
        for (let n = 0; n < 40; n++) all.push((etag = (await store.swap(key, state(n), { expected: etag })).etag));
        for (const old of [null, ...all.slice(0, -1)])
          expect(await caught(store.swap(key, state(99), { expected: old }))).toMatchObject({ current: etag });
        expect(JSON.parse(text((await store.get(key)).body))).toMatchObject({ n: 39 });
      });

      it('begin anew after a removal, and a state from before it never wins', async () => {
        const key = `${fresh()}/head.json`;
        const old = await store.swap(key, state(1), { expected: null });
        await store.remove(key);
        expect(await store.stat(key)).toBeNull();
        expect(await keysOf(key)).toEqual([]);
        expect(await caught(store.swap(key, state(2), { expected: old.etag }))).toMatchObject({ current: null });
        const created = await store.swap(key, state(3), { expected: null });
        expect(await caught(store.swap(key, state(4), { expected: old.etag }))).toMatchObject({
          current: created.etag,
        });
      });

      it('go on from an object that was put, and a put goes on from a swap', async () => {
        const key = `${fresh()}/spec.json`;
        const put = await store.put(key, bytes('{"v":1}'));
        const swapped = await store.swap(key, bytes('{"v":2}'), { expected: put.etag });
        expect(await caught(store.swap(key, bytes('{"v":3}'), { expected: put.etag }))).toMatchObject({
          current: swapped.etag,
        });
        const again = await store.put(key, bytes('{"v":4}'));
        expect(text((await store.get(key)).body)).toBe('{"v":4}');
        await store.swap(key, bytes('{"v":5}'), { expected: again.etag });
        expect(text((await store.get(key)).body)).toBe('{"v":5}');
      });

      it('by thirty callers at once have one winner', async () => {
        const key = `${fresh()}/head.json`;
        let etag: string | null = null;
        for (let round = 0; round < 5; round++) {
          const results: (string | null)[] = await Promise.all(
            Array.from({ length: 30 }, (_, i) =>
              store.swap(key, state(round * 100 + i), { expected: etag }).then(
                (r) => r.etag,
                (e: Error) => (e.name === 'PreconditionFailed' ? null : Promise.reject(e)),
              ),
            ),
          );
          const winners = results.filter((r) => r !== null);
          expect(winners).toHaveLength(1);
          etag = winners[0]!;
          expect((await store.get(key)).etag).toBe(etag);
        }
      });

      it('by forty processes at once have one winner in each of several rounds', async () => {
        const key = `${fresh()}/head.json`;
        const children: ForkedChild[] = [];
        try {
          for (let i = 0; i < 40; i += 8)
            children.push(...(await Promise.all(Array.from({ length: 8 }, () => forkReady(h)))));
          let etag: string | null = null;
          for (let round = 0; round < 4; round++) {
            for (const [i, c] of children.entries())
              c.send({ kind: 'swap', key, expected: etag, body: JSON.stringify({ round, i }) } satisfies ToSwapChild);
            const answers = await Promise.all(
              children.map((c) => c.next<Extract<FromSwapChild, { kind: 'swapped' }>>()),
            );
            const winners = answers.filter((a) => a.won);
            expect(winners).toHaveLength(1);
            etag = winners[0]!.etag;
            const read = await store.get(key);
            expect(read.etag).toBe(etag);
            expect(JSON.parse(text(read.body))).toMatchObject({ round, i: answers.indexOf(winners[0]!) });
          }
        } finally {
          await Promise.all(children.map((c) => c.end()));
        }
      }, 180_000);

      it('count right in several processes that are stopped and woken at random', async () => {
        const key = `${fresh()}/head.json`;
        await store.swap(key, bytes('{"n":0}'), { expected: null });
        const children = await Promise.all(Array.from({ length: 5 }, () => forkReady(h)));
        const times = 40;
        let running = true;
        const stopper = (async () => {
          for (let i = 0; running; i++) {
            const child = children[i % children.length]!;
            child.process.kill('SIGSTOP');
            await new Promise((r) => setTimeout(r, 20 + Math.random() * 40));
            child.process.kill('SIGCONT');
          }
        })();
        try {
          for (const c of children) c.send({ kind: 'count', key, times } satisfies ToSwapChild);
          const answers = await Promise.all(children.map((c) => c.next<Extract<FromSwapChild, { kind: 'counted' }>>()));
          expect(answers.map((a) => a.won)).toEqual(children.map(() => times));
          expect(JSON.parse(text((await store.get(key)).body))).toMatchObject({ n: times * children.length });
        } finally {
          running = false;
          await stopper;
          await Promise.all(children.map((c) => c.end()));
        }
      }, 180_000);

      it('pass the probe that is run at start', async () => {
        await probeConditionalWrites(store);
        for await (const { key } of store.list('leases/')) expect.unreachable(`the probe left ${key}`);
      });

      it('can be taken away for good', async () => {
        const { etag } = await store.swap('spent/head.json', Buffer.from('1'), { expected: null });
        await store.swap('spent/head.json', Buffer.from('2'), { expected: etag });
        await store.remove('spent/head.json', { spent: true });
        await store.remove('spent/head.json', { spent: true });
        expect(await store.stat('spent/head.json')).toBeNull();
      });
    });

    it('says that it is healthy', async () => {
      expect(await store.healthy()).toBeNull();
    });
  });
}

async function forkReady(h: ObjectStoreHarness): Promise<ForkedChild> {
  const child = await h.fork();
  expect(await child.next()).toEqual({ kind: 'ready' });
  return child;
}
