import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { bundleAndFork } from '../testing/bundle';
import { objectStoreContract } from '../testing/object-store-contract';
import { createFolderStore } from './folder';
import { createLinkSigner } from './links';
import type { ObjectStore } from './port';
import { probeConditionalWrites } from './probe';
import { createVersionedFiles } from './versions';

const signer = createLinkSigner(randomBytes(32));
const links = { signer, baseUrl: () => 'http://127.0.0.1:4000' };
let dir: string;
const makeDir = async () => (dir = await mkdtemp(join(tmpdir(), 'minvar-store-')));

objectStoreContract('a folder', async () => {
  const root = await makeDir();
  const open = () => createFolderStore({ dir: root, links });
  return {
    store: await open(),
    another: open,
    fork: () => bundleAndFork(join(import.meta.dirname, '../testing/folder-store.child.ts'), [root]),
    destroy: () => rm(root, { recursive: true, force: true }),
  };
});

describe('the folder store', () => {
  let store: ObjectStore;
  beforeEach(async () => void (store = await createFolderStore({ dir: await makeDir(), links, now: () => 1_000_000 })));
  afterEach(() => rm(dir, { recursive: true, force: true }));

  it('leaves no temporary file, neither after success nor after failure, and tidies empty folders', async () => {
    await store.put('a/b/c.bin', Buffer.from('x'));
    await store.putBlob(Buffer.from('y'));
    await store.putBlob(Buffer.from('y'));
    await store.swap('l/head.json', Buffer.from('1'), { expected: null });
    await store.swap('l/head.json', Buffer.from('2'), { expected: null }).catch(() => {});
    await store.put('a/f.bin', { file: '/does/not/exist' }).catch(() => {});
    await store.remove('a/b/c.bin');
    expect(await readdir(join(dir, '.tmp'))).toEqual([]);
    expect((await readdir(dir)).sort()).toEqual(['.tmp', 'blobs', 'l']);
  });

  it('keeps few old versions of a head', async () => {
    let etag: string | null = null;
    for (let n = 1; n <= 30; n++) ({ etag } = await store.swap('l/head.json', Buffer.from(`${n}`), { expected: etag }));
    const files = await readdir(join(dir, 'l'));
    expect(files).toContain('head.30.json');
    expect(files.length).toBeLessThanOrEqual(6);
  });

  it('removes at the next start what a killed process left half written, and nothing of living ones', async () => {
    const old = new Date(Date.now() - 2 * 3_600_000);
    const names = {
      dead: `4194303-${randomUUID()}`,
      alive: `${process.pid}-${randomUUID()}`,
      young: `4194303-${randomUUID()}`,
    };
    for (const name of Object.values(names)) await writeFile(join(dir, '.tmp', name), 'x');
    for (const name of [names.dead, names.alive]) await utimes(join(dir, '.tmp', name), old, old);
    await createFolderStore({ dir });
    expect((await readdir(join(dir, '.tmp'))).sort()).toEqual([names.alive, names.young].sort());
  });

  it('signs links that the gateway can verify, for this key, this name and this time only', async () => {
    const url = new URL(await store.signedUrl('runs/x/log.txt', 60, { filename: 'log "1".txt' }));
    expect(url.origin + url.pathname).toBe('http://127.0.0.1:4000/objects/runs/x/log.txt');
    const query = Object.fromEntries(url.searchParams);
    expect(signer.verify('runs/x/log.txt', query, 1_059_999)).toEqual({ ok: true, filename: 'log "1".txt' });
    expect(signer.verify('runs/x/log.txt', query, 1_060_001)).toEqual({ ok: false, because: 'expired' });
    const forged = { ok: false, because: 'forged' };
    expect(signer.verify('runs/y/log.txt', query, 0)).toEqual(forged);
    expect(signer.verify('runs/x/log.txt', { ...query, expires: '9999999' }, 0)).toEqual(forged);
    expect(signer.verify('runs/x/log.txt', { ...query, filename: 'x.html' }, 0)).toEqual(forged);
    expect(signer.verify('runs/x/log.txt', { ...query, signature: 'AAAA' }, 0)).toEqual(forged);
    expect(signer.verify('runs/x/log.txt', { ...query, expires: ['1060000', 'x'] }, 0)).toEqual(forged);
    expect(signer.verify('runs/x/log.txt', {}, 0)).toEqual(forged);
    expect(createLinkSigner(randomBytes(32)).verify('runs/x/log.txt', query, 0)).toEqual(forged);
    expect(() => createLinkSigner(randomBytes(8))).toThrow('at least 32 bytes');
  });

  it('has no trace left of the probe', async () => {
    await store.put('a.bin', Buffer.from('x'));
    await probeConditionalWrites(store);
    expect((await readdir(dir, { recursive: true })).sort()).toEqual(['.tmp', 'a.bin']);
  });

  it('is refused by the probe when it ignores conditions', async () => {
    const swapAlways: ObjectStore = {
      ...store,
      swap: async (key, body) => ({ etag: (await store.put(key, body)).etag }),
    };
    await expect(probeConditionalWrites(swapAlways)).rejects.toThrow('asked to create an object only, it replaced');
    const createOnly: ObjectStore = {
      ...store,
      swap: (key, body, { expected }) =>
        expected === null ? store.swap(key, body, { expected }) : swapAlways.swap(key, body, { expected }),
    };
    await expect(probeConditionalWrites(createOnly)).rejects.toThrow('asked to replace one body, it replaced another');
  });
});

describe('a contender that is overtaken', () => {
  /** Holds the swaps of one client at a moment until released. */
  function held(moment: 'before link' | 'after link') {
    let release = (): void => {};
    let reached = (): void => {};
    const arrival = new Promise<void>((r) => (reached = r));
    const gate = new Promise<void>((r) => (release = r));
    const files = createVersionedFiles({
      temporary: join(dir, '.tmp'),
      onSwap: async (m) => {
        if (m !== moment) return;
        reached();
        await gate;
      },
    });
    return { files, arrival, release: () => release() };
  }
  beforeEach(async () => void (await createFolderStore({ dir: await makeDir() })));
  afterEach(() => rm(dir, { recursive: true, force: true }));

  const at = () => ({ key: 'l/head.json', folder: join(dir, 'l'), name: 'head.json' });
  async function advance(from: string | null, steps: number, label: string): Promise<string> {
    const files = createVersionedFiles({ temporary: join(dir, '.tmp') });
    let etag = from;
    for (let i = 0; i < steps; i++) ({ etag } = await files.swap(at(), Buffer.from(`${label} ${i}`), etag));
    return etag!;
  }

  it.each([0, 1, 2, 7])(
    'before its link loses, though the number it links (after %i swaps) was pruned',
    async (before) => {
      const start = before === 0 ? null : await advance(null, before, 'before');
      const slow = held('before link');
      const attempt = slow.files.swap(at(), Buffer.from('stale'), start).then(
        () => 'won',
        (e: Error) => e,
      );
      await slow.arrival;
      const current = await advance(start, 20, 'others');
      expect(await readdir(at().folder)).not.toContain(`head.${before + 1}.json`);
      slow.release();
      expect(await attempt).toMatchObject({ name: 'PreconditionFailed', current });
      const newest = await createVersionedFiles({ temporary: join(dir, '.tmp') }).newest(at().folder, 'head.json');
      expect(newest?.body.toString()).toBe('others 19');
      expect(await readdir(at().folder)).not.toContain(`head.${before + 1}.json`);
    },
  );

  it.each([1, 20])('after its link has won, though %i others have followed and pruned it', async (steps) => {
    const start = await advance(null, 3, 'before');
    const slow = held('after link');
    const attempt = slow.files.swap(at(), Buffer.from('mine'), start);
    await slow.arrival;
    const seen = await createVersionedFiles({ temporary: join(dir, '.tmp') }).newest(at().folder, 'head.json');
    expect(seen?.body.toString()).toBe('mine');
    await advance(seen!.etag, steps, 'others');
    slow.release();
    expect(await attempt).toEqual({ etag: seen!.etag });
  });

  it('before its link loses against a removal and a new beginning', async () => {
    const start = await advance(null, 3, 'before');
    const slow = held('before link');
    const attempt = slow.files.swap(at(), Buffer.from('stale'), start).then(
      () => 'won',
      (e: Error) => e,
    );
    await slow.arrival;
    const others = createVersionedFiles({ temporary: join(dir, '.tmp') });
    await others.remove(at());
    const current = await advance(null, 1, 'anew');
    slow.release();
    expect(await attempt).toMatchObject({ name: 'PreconditionFailed', current });
  });
});
