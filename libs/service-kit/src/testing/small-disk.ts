import { execFile } from 'node:child_process';
import { closeSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { isFull } from '../errors';

const run = promisify(execFile);

export interface SmallDisk {
  readonly dir: string;
  /** Takes all room but `leave` bytes, with a file `filler` that grows at every call. */
  fill(leave?: number): void;
  /** Takes the filler away. */
  free(): void;
  bytesFree(): number;
  remove(): Promise<void>;
}

/** A file system of a few megabytes (tmpfs), or the reason why this machine lets us have none. */
export async function smallDisk(megabytes: number): Promise<SmallDisk | { readonly because: string }> {
  const dir = await mkdtemp(join(tmpdir(), 'minvar-disk-'));
  try {
    await run('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', dir]);
  } catch (error) {
    await rm(dir, { recursive: true });
    return { because: `mounting a small tmpfs needs root: ${(error as Error).message.split('\n').at(-2) ?? ''}` };
  }
  const filler = join(dir, 'filler');
  const block = Buffer.alloc(64 * 1024);
  const bytesFree = (): number => {
    const { bavail, bsize } = statfsSync(dir);
    return bavail * bsize;
  };
  return {
    dir,
    bytesFree,
    fill(leave = 0) {
      const fd = openSync(filler, 'a');
      try {
        for (let room = bytesFree(); room > leave; room = bytesFree())
          writeSync(fd, block, 0, Math.min(block.length, room - leave));
      } catch (error) {
        if (!isFull(error)) throw error; // others fill it too
      } finally {
        closeSync(fd);
      }
    },
    free: () => rmSync(filler, { force: true }),
    async remove() {
      await run('umount', ['-l', dir]);
      await rm(dir, { recursive: true });
    },
  };
}
