import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { StorageFullError } from './errors';
import { untilRoom, whenThereIsRoom } from './room';
import { smallDisk } from './testing/small-disk';

describe('work on a full disk', () => {
  it('waits until somebody freed some, then is done once', async (context) => {
    const disk = await smallDisk(24);
    if ('because' in disk) return context.skip(disk.because);
    try {
      disk.fill();
      const waits: string[] = [];
      const done = whenThereIsRoom(
        async () => {
          await mkdir(join(disk.dir, 'folder'), { recursive: true });
          await writeFile(join(disk.dir, 'folder', 'file'), Buffer.alloc(100_000));
          return 'done';
        },
        {
          signal: new AbortController().signal,
          onFull: (e) => void (waits.push(e.message), waits.length === 2 && disk.free()),
        },
      );
      const room = untilRoom(disk.dir, 60_000, new AbortController().signal);
      expect(await done).toBe('done');
      expect(waits.length).toBeGreaterThanOrEqual(2);
      await room;
    } finally {
      await disk.remove();
    }
  });

  it('is not waited with when it fails in another way, nor after it was called off', async () => {
    const off = AbortSignal.abort();
    const say = (): void => expect.unreachable();
    const wrong = (): Promise<never> => Promise.reject(new Error('wrong'));
    await expect(whenThereIsRoom(wrong, { signal: new AbortController().signal, onFull: say })).rejects.toThrow(
      'wrong',
    );
    const full = (): Promise<never> => Promise.reject(new StorageFullError('a file', '/home'));
    await expect(whenThereIsRoom(full, { signal: off, onFull: say })).rejects.toThrow('no space left in /home');
    await untilRoom('/', 60_000, off);
  });
});
