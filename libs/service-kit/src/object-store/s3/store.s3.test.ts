import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { StorageFullError } from '../../errors';
import type { ForkedChild } from '../../testing/bundle';
import { bundleAndFork } from '../../testing/bundle';
import { objectStoreContract } from '../../testing/object-store-contract';
import type { FromProxy, ProxyFault, ToProxy } from '../../testing/s3-proxy.child';
import { bucketOfOwn, s3Settings } from '../../testing/s3-settings';
import type { ObjectStore } from '../port';
import { PreconditionFailed } from '../port';
import { s3Client } from './connection';
import { ObjectStoreUnavailableError } from './failure';
import { createS3Store } from './store';

const servers = [
  { name: 'MinIO', s3: s3Settings(process.env) },
  { name: 'versitygw', s3: s3Settings(process.env, 'MINVAR_VERSITYGW') },
];

for (const { name, s3 } of servers) {
  if (!s3) {
    const because = `no ${name}: start it with npm run servers -- up --only ${name.toLowerCase()}`;
    it(`the object store contract on ${name} and what only S3 can do wrong`, (context) => context.skip(because));
    continue;
  }

  objectStoreContract(name, async () => {
    const own = await bucketOfOwn(s3);
    const opened: ObjectStore[] = [];
    const open = async () => {
      const store = await createS3Store({ s3: own.s3 });
      opened.push(store);
      return store;
    };
    return {
      store: await open(),
      another: open,
      fork: () => bundleAndFork(join(import.meta.dirname, '../../testing/s3-store.child.ts'), [JSON.stringify(own.s3)]),
      async destroy() {
        await Promise.all(opened.map((store) => store.close()));
        await own.destroy();
      },
    };
  });

  describe(`the S3 store on ${name}`, () => {
    let own: Awaited<ReturnType<typeof bucketOfOwn>>;
    let folder: string;
    let proxy: ForkedChild;
    /** through the proxy, impatient */
    let store: ObjectStore;
    /** straight to the server */
    let straight: ObjectStore;
    let through: typeof own.s3;
    const opened: ObjectStore[] = [];
    const open = async (settings: typeof own.s3, timeoutMs = 800) => {
      const one = await createS3Store({ s3: settings, timeoutMs });
      opened.push(one);
      return one;
    };
    const client = () => s3Client(own.s3.endpoint, own.s3.accessKey, own.s3.secretKey, 'us-east-1');
    const faults = async (...all: ProxyFault[]): Promise<void> => {
      proxy.send({ kind: 'faults', faults: all } satisfies ToProxy);
      expect(await proxy.next()).toEqual({ kind: 'told' });
    };
    const seen = async (): Promise<string[]> => {
      proxy.send({ kind: 'seen?' } satisfies ToProxy);
      return (await proxy.next<Extract<FromProxy, { kind: 'seen' }>>()).seen;
    };
    const body = (n: number): Buffer => Buffer.from(JSON.stringify({ n, nonce: randomBytes(8).toString('hex') }));

    beforeAll(async () => {
      own = await bucketOfOwn(s3);
      folder = await mkdtemp(join(tmpdir(), 'minvar-s3-'));
      proxy = await bundleAndFork(join(import.meta.dirname, '../../testing/s3-proxy.child.ts'), [
        JSON.stringify(own.s3),
      ]);
      const { endpoint } = await proxy.next<Extract<FromProxy, { kind: 'listening' }>>();
      through = { ...own.s3, endpoint };
      [store, straight] = [await open(through), await open(own.s3, 10_000)];
    });
    afterEach(() => faults());
    afterAll(async () => {
      await Promise.all(opened.map((one) => one.close()));
      await proxy.end();
      await own.destroy();
      await rm(folder, { recursive: true });
    });

    it('refuses, when it is opened, a server that forgets conditions', async () => {
      const forget = (...headers: string[]): ProxyFault => ({
        method: 'PUT',
        key: '/leases/',
        times: 100,
        does: { kind: 'forget', headers },
      });
      await faults(forget('if-none-match', 'if-match'));
      await expect(createS3Store({ s3: through })).rejects.toThrow(
        'asked to create an object only, it replaced the one that was there. It needs conditional PUT',
      );
      await faults(forget('if-none-match'));
      await expect(createS3Store({ s3: through })).rejects.toThrow('asked to create an object only, it replaced');
      await faults(forget('if-match'));
      await expect(createS3Store({ s3: through })).rejects.toThrow('asked to replace one body, it replaced another');
      await faults();
      for await (const { key } of straight.list('leases/')) expect.unreachable(`the probe left ${key}`);
    });

    it('says which bucket there is not, which key may not, and that nobody listens', async () => {
      await expect(createS3Store({ s3: { ...own.s3, bucket: 'minvar-nowhere' } })).rejects.toThrow(
        "there is no bucket 'minvar-nowhere'",
      );
      await expect(createS3Store({ s3: { ...own.s3, secretKey: 'not the secret' } })).rejects.toThrow(
        'may not use the',
      );
      await expect(createS3Store({ s3: { ...own.s3, endpoint: 'http://127.0.0.1:1' } })).rejects.toThrow(
        'http://127.0.0.1:1 is not available',
      );
    });

    it.each(['lose the answer', 'hang after'] as const)(
      'has won a swap when the server did it and it had to %s',
      async (kind) => {
        const key = `runs/${kind.replaceAll(' ', '-')}/head.json`;
        await faults({ method: 'PUT', key, times: 1, does: { kind } });
        const first = await store.swap(key, body(1), { expected: null });
        expect((await straight.get(key)).etag).toBe(first.etag);
        await faults({ method: 'PUT', key, times: 1, does: { kind } });
        const second = await store.swap(key, body(2), { expected: first.etag });
        expect((await straight.stat(key))?.etag).toBe(second.etag);
        expect((await seen()).filter((s) => s.startsWith('PUT') && s.includes(key))).toHaveLength(2);
      },
    );

    it('sends a swap again that never arrived, or met another one on its way', async () => {
      const key = 'runs/again/head.json';
      await faults(
        { method: 'PUT', key, times: 1, does: { kind: 'hang before' } },
        { method: 'PUT', key, times: 1, does: { kind: 'answer', status: 409, code: 'ConditionalRequestConflict' } },
        { method: 'PUT', key, times: 1, does: { kind: 'answer', status: 503, code: 'SlowDown' } },
      );
      const mine = body(1);
      const { etag } = await store.swap(key, mine, { expected: null });
      expect(await straight.get(key)).toMatchObject({ etag, body: mine });
    });

    it('has lost a swap without an answer when somebody else was faster', async () => {
      const key = 'runs/faster/head.json';
      const first = await straight.swap(key, body(1), { expected: null });
      await faults({ method: 'PUT', key, times: 1, does: { kind: 'hang before' } });
      const slow = store.swap(key, body(2), { expected: first.etag }).catch((error: unknown) => error);
      const second = await straight.swap(key, body(3), { expected: first.etag });
      expect(await slow).toBeInstanceOf(PreconditionFailed);
      expect(await slow).toMatchObject({ expected: first.etag, current: second.etag });
    });

    it('tells that the server is not available when neither a swap nor a look at it is answered', async () => {
      const key = 'runs/down/head.json';
      await faults(
        { method: 'PUT', key, times: 100, does: { kind: 'answer', status: 503, code: 'SlowDown' } },
        { method: 'GET', key, times: 100, does: { kind: 'answer', status: 503, code: 'SlowDown' } },
      );
      const error = await store.swap(key, body(1), { expected: null }).catch((e: unknown) => e);
      expect(error).toBeInstanceOf(ObjectStoreUnavailableError);
      expect(String(error)).toContain(`swapping ${key}`);
    });

    it('tries again what does no harm twice: puts, reads, looks, lists, removals', async () => {
      const key = 'runs/patient/weights.npy';
      const content = randomBytes(100_000);
      for (const method of ['PUT', 'GET', 'HEAD', 'DELETE']) {
        await faults(
          { method, key: own.s3.bucket, times: 1, does: { kind: 'answer', status: 503, code: 'SlowDown' } },
          { method, key: own.s3.bucket, times: 1, does: { kind: 'hang before' } },
        );
        if (method === 'PUT') await store.put(key, content);
        if (method === 'GET') expect(Buffer.from((await store.get(key)).body).equals(content)).toBe(true);
        if (method === 'HEAD') expect((await store.stat(key))?.size).toBe(content.length);
        if (method === 'DELETE') await store.remove(key);
      }
      expect(await straight.stat(key)).toBeNull();
      await straight.put(key, content);
      await faults({ method: 'GET', key: own.s3.bucket, times: 1, does: { kind: 'hang before' } });
      const keys: string[] = [];
      for await (const o of store.list('runs/patient/')) keys.push(o.key);
      expect(keys).toEqual([key]);
    });

    it('reads again what was cut short, and downloads only what is whole', async () => {
      const key = 'runs/cut/weights.npy';
      const content = randomBytes(300_000);
      await straight.put(key, content);
      const cut = (times: number): ProxyFault => ({ method: 'GET', key, times, does: { kind: 'cut the body' } });
      await faults(cut(2));
      expect(Buffer.from((await store.get(key)).body).equals(content)).toBe(true);
      await faults(cut(1));
      const target = await mkdtemp(join(folder, 'cut-'));
      const sha256 = createHash('sha256').update(content).digest('hex');
      expect(await store.download(key, join(target, 'w.npy'), { sha256 })).toEqual({ size: content.length, sha256 });
      await rm(join(target, 'w.npy'));
      await faults(cut(100));
      expect(await store.download(key, join(target, 'w.npy')).catch((e: unknown) => e)).toBeInstanceOf(
        ObjectStoreUnavailableError,
      );
      expect(await readdir(target)).toEqual([]);
      await faults(cut(1));
      const { body: stream } = await store.getStream(key);
      await expect(
        (async () => {
          for await (const chunk of stream) void chunk;
        })(),
      ).rejects.toThrow();
    });

    it('gives up on a server that accepts connections and says nothing', async () => {
      const silent = createServer(() => {});
      await new Promise<void>((done) => silent.listen(0, '127.0.0.1', done));
      const endpoint = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`;
      try {
        const error = await createS3Store({ s3: { ...own.s3, endpoint }, timeoutMs: 200, tries: 2 }).catch(
          (e: unknown) => e,
        );
        expect(error).toBeInstanceOf(ObjectStoreUnavailableError);
        expect(String(error)).toContain('no byte came or went');
      } finally {
        silent.close();
      }
      await faults({ method: 'PUT', key: 'health', times: 1, does: { kind: 'hang before' } });
      expect(await store.healthy()).toContain('cannot be written and read: no byte came or went');
      expect(await store.healthy()).toBeNull();
    });

    it('names a full store as the folder does', async () => {
      await faults({
        method: 'PUT',
        key: 'full',
        times: 2,
        does: { kind: 'answer', status: 507, code: 'XMinioStorageFull' },
      });
      const error = await store.put('runs/full/x.npy', Buffer.from('x')).catch((e: unknown) => e);
      expect(error).toBeInstanceOf(StorageFullError);
      expect(error).toMatchObject({ where: through.endpoint });
      const swap = store.swap('runs/full/head.json', body(1), { expected: null });
      expect(await swap.catch((e: unknown) => e)).toBeInstanceOf(StorageFullError);
    });

    it('writes big content in parts, several at once, though parts fail on their way', async () => {
      const content = randomBytes(40 * 1024 * 1024 + 12_345);
      const sha256 = createHash('sha256').update(content).digest('hex');
      const file = join(folder, 'big.bin');
      await writeFile(file, content);
      await faults(
        { method: 'PUT', key: 'runs/big', times: 2, does: { kind: 'lose the answer' } },
        { method: 'POST', key: 'runs/big/0', times: 1, does: { kind: 'answer', status: 503, code: 'SlowDown' } },
      );
      const contents = [
        { file },
        content,
        Readable.from([content.subarray(0, 9_000_000), content.subarray(9_000_000)]),
      ];
      for (const [i, one] of contents.entries()) {
        const { size, etag } = await store.put(`runs/big/${i}.npy`, one);
        expect(size).toBe(content.length);
        expect(await straight.stat(`runs/big/${i}.npy`)).toMatchObject({ size, etag });
        expect((await straight.download(`runs/big/${i}.npy`, join(folder, 'back'))).sha256).toBe(sha256);
        await straight.remove(`runs/big/${i}.npy`);
      }
      // The last call is done, its answer lost: told again, the store no longer knows the upload.
      await faults({ method: 'POST', key: 'uploadId=', times: 1, does: { kind: 'lose the answer' } });
      await seen();
      const { etag } = await store.put('runs/big/last.npy', { file });
      expect((await straight.stat('runs/big/last.npy'))?.etag).toBe(etag);
      expect((await seen()).filter((s) => s.startsWith('POST')).map((s) => s.includes('lose the answer'))).toEqual([
        false,
        true,
        false,
      ]);
    });

    it('takes back an upload whose content fails half way', async () => {
      const failing = Readable.from(
        (async function* () {
          for (let i = 0; i < 20; i++) yield Buffer.alloc(1024 * 1024, i);
          throw new Error('the line is cut');
        })(),
      );
      await expect(store.put('runs/half/x.npy', failing)).rejects.toThrow('the line is cut');
      expect(await straight.stat('runs/half/x.npy')).toBeNull();
      const left: unknown[] = [];
      for await (const one of client().listIncompleteUploads(own.s3.bucket, 'runs/half', true)) left.push(one);
      expect(left).toEqual([]);
    });

    it('makes a blob young that is there already, and keeps what it is', async () => {
      const content = randomBytes(6 * 1024 * 1024);
      const { key } = await straight.putBlob(content);
      const before = (await straight.stat(key))!.modifiedAt.getTime();
      // S3 tells times in whole seconds, and versitygw's `Date`, by which what is of this second counts as young, is up to a second old
      await new Promise((done) => setTimeout(done, 3000));
      await straight.putBlob(content);
      expect((await straight.stat(key))!.modifiedAt.getTime()).toBeGreaterThan(before);
      expect(Buffer.from((await straight.get(key)).body).equals(content)).toBe(true);
    });

    it('signs links for the public endpoint with a key that reads this object and can write nothing', async () => {
      const key = 'runs/link/log.txt';
      await straight.put(key, Buffer.from('a line\n'));
      const url = await straight.signedUrl(key, 60, { filename: 'Läuf "1".txt' });
      expect(new URL(url).searchParams.get('X-Amz-Credential')).toMatch(new RegExp(`^${own.s3.readAccessKey}/`));
      expect(url).not.toContain(own.s3.accessKey);
      const answer = await fetch(url);
      expect([answer.status, await answer.text()]).toEqual([200, 'a line\n']);
      expect(answer.headers.get('content-disposition')).toBe(
        `attachment; filename="L_uf _1_.txt"; filename*=UTF-8''L%C3%A4uf%20%221%22.txt`,
      );
      const part = await fetch(url, { headers: { range: 'bytes=2-5' } });
      expect([part.status, await part.text()]).toEqual([206, 'line']);
      expect((await fetch(url.replace('log.txt', 'other.txt'))).status).toBe(403);
      expect((await fetch(url, { method: 'PUT', body: 'x' })).status).toBe(403);
      const reader = s3Client(own.s3.endpoint, own.s3.readAccessKey, own.s3.readSecretKey, 'us-east-1');
      await expect(reader.putObject(own.s3.bucket, key, Buffer.from('x'))).rejects.toThrow();
      await expect(reader.removeObject(own.s3.bucket, key)).rejects.toThrow();
      expect(Buffer.from((await straight.get(key)).body).toString()).toBe('a line\n');
      const elsewhere = await createS3Store({ s3: { ...own.s3, publicEndpoint: 'https://objects.example.org' } });
      expect(await elsewhere.signedUrl(key, 60)).toMatch(
        new RegExp(`^https://objects\\.example\\.org/${own.s3.bucket}/${key}\\?`),
      );
      await elsewhere.close();
      await expect(straight.signedUrl(key, 8 * 24 * 3600)).rejects.toThrow('7 days');
    });
  });
}
