import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { StorageFullError } from '../../errors';
import { s3Settings } from '../../testing/s3-settings';
import { smallDisk } from '../../testing/small-disk';
import { until } from '../../testing/wait';
import { PreconditionFailed } from '../port';
import { ObjectStoreUnavailableError } from './failure';
import { createS3Store } from './store';

const program = join(import.meta.dirname, '../../../../../tools/servers/index.mjs');
const servers = async (...args: string[]): Promise<Record<string, string>> => {
  const { stdout } = await promisify(execFile)(process.execPath, [program, ...args]);
  return Object.fromEntries(
    stdout
      .trim()
      .split('\n')
      .map((line) => line.split(/=(.*)/s).slice(0, 2)),
  ) as Record<string, string>;
};

const lives = (pid: string): boolean => {
  try {
    return process.kill(Number(pid), 0);
  } catch {
    return false;
  }
};

describe.each([
  { name: 'MinIO', only: 'minio', prefix: 'MINVAR_S3' },
  { name: 'versitygw', only: 'versitygw', prefix: 'MINVAR_VERSITYGW' },
])('the S3 store on $name', ({ name, only, prefix }) => {
  it('loses no acknowledged swap, and lets no two of them follow the same state, when the server is killed and comes back', async (context) => {
    if (!s3Settings(process.env, prefix))
      return context.skip(`no ${name}: start it with npm run servers -- up --only ${only}`);
    const dir = await mkdtemp(join(tmpdir(), 'minvar-killed-'));
    try {
      const s3 = s3Settings(await servers('up', '--only', only, '--dir', dir), prefix)!;
      const store = await createS3Store({ s3, timeoutMs: 1000, tries: 2 });
      const key = 'runs/counted/head.json';
      await store.swap(key, Buffer.from('{"n":0}'), { expected: null });
      const acknowledged: number[] = [];
      let running = true;
      const caller = async (by: number): Promise<void> => {
        for (let i = 0; running; i++) {
          try {
            const { body, etag } = await store.get(key);
            const { n } = JSON.parse(Buffer.from(body).toString()) as { n: number };
            const next = Buffer.from(JSON.stringify({ n: n + 1, by, i }));
            await store.swap(key, next, { expected: etag });
            acknowledged.push(n + 1);
          } catch (error) {
            if (!(error instanceof ObjectStoreUnavailableError || error instanceof PreconditionFailed)) throw error;
          }
        }
      };
      const callers = Promise.all([1, 2, 3, 4].map(caller));
      for (let kill = 0; kill < 3; kill++) {
        const before = acknowledged.length;
        await until(() => acknowledged.length > before + 20);
        const [pid] = (await readdir(join(dir, 'pids'))).sort((a, b) => Number(b) - Number(a)).filter(lives);
        process.kill(Number(pid), 'SIGKILL');
        await until(async () => (await store.healthy()) !== null);
        await servers('again', only, '--dir', dir);
        await until(async () => (await store.healthy()) === null);
      }
      const before = acknowledged.length;
      await until(() => acknowledged.length > before + 20);
      running = false;
      await callers;
      const { n } = JSON.parse(Buffer.from((await store.get(key)).body).toString()) as { n: number };
      expect(new Set(acknowledged).size).toBe(acknowledged.length);
      expect(n).toBeGreaterThanOrEqual(Math.max(...acknowledged));
      await store.close();
    } finally {
      await servers('down', '--dir', dir);
      await rm(dir, { recursive: true, force: true });
    }
  });

  it('refuses, on a full disk, with a typed error, keeps what was there, and goes on when there is space', async (context) => {
    if (!s3Settings(process.env, prefix))
      return context.skip(`no ${name}: start it with npm run servers -- up --only ${only}`);
    const disk = await smallDisk(48);
    if ('because' in disk) return context.skip(disk.because);
    const dir = join(disk.dir, 'servers');
    try {
      const s3 = s3Settings(await servers('up', '--only', only, '--dir', dir), prefix)!;
      const store = await createS3Store({ s3, timeoutMs: 2000 });
      await store.put('runs/x/weights.npy', Buffer.from('old'));
      const head = await store.swap('runs/x/head.json', Buffer.from('{"n":1}'), { expected: null });
      disk.fill(512 * 1024);

      const big = randomBytes(20 * 1024 * 1024);
      for (const content of [big.subarray(0, 4 * 1024 * 1024), big]) {
        const error = await store.put('runs/x/weights.npy', content).catch((e: unknown) => e);
        expect(error).toBeInstanceOf(StorageFullError);
        expect(error).toMatchObject({ what: 'runs/x/weights.npy', where: s3.endpoint });
      }
      expect(Buffer.from((await store.get('runs/x/weights.npy')).body).toString()).toBe('old');
      expect((await store.get('runs/x/head.json')).etag).toBe(head.etag);

      disk.free();
      expect(await store.healthy()).toBeNull();
      await store.swap('runs/x/head.json', Buffer.from('{"n":2}'), { expected: head.etag });
      // MinIO looks at its disk's room only now and then.
      await until(async () => {
        const error = await store.put('runs/x/weights.npy', big).catch((e: unknown) => e);
        if (error instanceof Error && !(error instanceof StorageFullError)) throw error;
        return !(error instanceof Error);
      });
      expect(Buffer.from((await store.get('runs/x/weights.npy')).body).equals(big)).toBe(true);
      await store.close();
    } finally {
      await servers('down', '--dir', dir);
      await disk.remove();
    }
  });
});
