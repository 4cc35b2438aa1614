import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { StorageFullError } from '../errors';
import { smallDisk } from '../testing/small-disk';
import { createFolderStore } from './folder';

describe('the folder store on a full disk', () => {
  it('refuses with a typed error, leaves no half object or temporary file, keeps the old one, and goes on when there is space', async (context) => {
    const disk = await smallDisk(4);
    if ('because' in disk) return context.skip(disk.because);
    const source = await mkdtemp(join(tmpdir(), 'minvar-source-'));
    try {
      const store = await createFolderStore({ dir: join(disk.dir, 'objects') });
      const big = Buffer.alloc(3 * 1024 * 1024, 5);
      await writeFile(join(source, 'big'), big);
      await store.put('runs/x/weights.npy', Buffer.from('old'));
      const head = await store.swap('runs/x/head.json', Buffer.from('{"n":1}'), { expected: null });
      const filler = join(disk.dir, 'filler');
      await writeFile(filler, Buffer.alloc(2 * 1024 * 1024));

      for (const attempt of [
        () => store.put('runs/x/weights.npy', big),
        () => store.putBlob({ file: join(source, 'big') }),
        () => store.put('new/folder/x.npy', big),
      ]) {
        const error = await attempt().catch((e: unknown) => e);
        expect(error).toBeInstanceOf(StorageFullError);
        expect((error as StorageFullError).where).toBe(join(disk.dir, 'objects'));
      }
      expect(await readdir(join(disk.dir, 'objects', '.tmp'))).toEqual([]);
      expect(Buffer.from((await store.get('runs/x/weights.npy')).body).toString()).toBe('old');
      expect(await store.stat('new/folder/x.npy')).toBeNull();

      await writeFile(filler, Buffer.alloc(4 * 1024 * 1024)).catch(() => {});
      expect(
        await store.swap('runs/x/head.json', Buffer.from('{"n":2}'), { expected: head.etag }).catch((e: unknown) => e),
      ).toBeInstanceOf(StorageFullError);
      expect(await store.healthy()).toContain('no space left on device');
      expect((await store.get('runs/x/head.json')).etag).toBe(head.etag);

      await rm(filler);
      await store.swap('runs/x/head.json', Buffer.from('{"n":2}'), { expected: head.etag });
      await store.put('runs/x/weights.npy', big);
      expect((await store.stat('runs/x/weights.npy'))?.size).toBe(big.length);
    } finally {
      await disk.remove();
      await rm(source, { recursive: true });
    }
  });
});
