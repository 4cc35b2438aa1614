import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface SmallDisk {
  readonly dir: string;
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
  return {
    dir,
    async remove() {
      await run('umount', ['-l', dir]);
      await rm(dir, { recursive: true });
    },
  };
}
