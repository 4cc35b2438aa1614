import { randomUUID } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { link, open, readdir, unlink } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import type { Server } from 'node:net';
import { join } from 'node:path';
import { errorCode } from '../errors';
import { makeFolders, orNull } from '../object-store/files';

/*
 * An exclusive lock that dies with its process: a Unix socket in a folder. Whoever can connect to it knows that the holder lives, for the
 * kernel closes the socket with the process, however that ends. Compared with the other ways:
 *   - a file with a process id is wrong after a reboot or when ids are used again, and blind between containers that share the folder;
 *   - a socket in the abstract namespace needs no clean-up, but is bound to the network namespace: two containers on one volume both get it;
 *   - flock(2) would do, but Node has none.
 * What a socket file leaves to solve is the take-over of a stale one by many at once. So sockets are numbered and the highest number counts: a
 * contender that found the highest, n, dead links its own, already listening, as n + 1, which only one can do. The highest is never
 * removed, not even at a clean end; so a contender that slept may link a lower number, but then it sees the higher one and asks again.
 */

export class HomeInUseError extends Error {
  override readonly name = 'HomeInUseError';
  constructor(
    readonly home: string,
    readonly pid: number | null,
  ) {
    super(
      `the home ${home} is in use by ${pid === null ? 'another process, which does not answer (stopped?)' : `process ${pid}`}. Use that laboratory, stop it, or choose another home with --home or MINVAR_HOME`,
    );
  }
}

export interface Lock {
  release(): Promise<void>;
}

const pattern = /^(\d+)\.sock$/;

/** Takes the lock in `folder`, or throws `HomeInUseError`. */
export async function acquireLock(folder: string, home: string): Promise<Lock> {
  await makeFolders(folder, 0o700);
  const handle = await open(folder, 'r');
  // Addresses of sockets are limited to about 100 characters; through an open descriptor a folder's own depth does not count.
  const short = process.platform === 'linux' ? `/proc/self/fd/${handle.fd}` : folder;
  const own = `${process.pid}-${randomUUID().slice(0, 8)}`;
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.end(`${process.pid}\n`);
  });
  const close = () => closeAll(server, handle);
  try {
    await listen(server, join(short, own));
    await takeOver();
    return { release: close };
  } catch (error) {
    await close();
    throw error;
  } finally {
    await orNull(unlink(join(folder, own)));
  }

  async function takeOver(): Promise<void> {
    for (;;) {
      const highest = Math.max(0, ...(await numbers(folder)));
      if (highest > 0) {
        const holder = await ask(join(short, `${highest}.sock`));
        if (holder.alive) throw new HomeInUseError(home, holder.pid);
      }
      const mine = highest + 1;
      try {
        await link(join(folder, own), join(folder, `${mine}.sock`));
      } catch (error) {
        if (errorCode(error) === 'EEXIST') continue;
        throw error;
      }
      const after = await numbers(folder);
      if (Math.max(...after) === mine) {
        for (const n of after) if (n < mine) await orNull(unlink(join(folder, `${n}.sock`)));
        return;
      }
      await orNull(unlink(join(folder, `${mine}.sock`)));
    }
  }
}

const numbers = async (folder: string): Promise<number[]> =>
  (await readdir(folder)).flatMap((name) => {
    const match = pattern.exec(name);
    return match ? [Number(match[1])] : [];
  });

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ path }, () => {
      server.off('error', reject);
      server.unref();
      resolve();
    });
  });
}

/** Whether somebody listens, and its process id if it answers within a second. */
function ask(path: string): Promise<{ alive: boolean; pid: number | null }> {
  return new Promise((resolve, reject) => {
    let answer = '';
    const socket = connect({ path });
    const finish = (alive: boolean): void => {
      socket.destroy();
      resolve({ alive, pid: /^\d+\n/.test(answer) ? Number.parseInt(answer, 10) : null });
    };
    socket.setTimeout(1000, () => finish(true));
    socket.on('data', (chunk) => (answer += String(chunk)));
    socket.on('close', () => finish(true));
    socket.on('error', (error) => {
      const code = errorCode(error);
      if (code === 'ECONNREFUSED' || code === 'ENOENT') finish(false);
      // EAGAIN: its queue of connections is full. Reset: it was there a moment ago, and whoever comes next will know.
      else if (code === 'EAGAIN' || code === 'ECONNRESET' || code === 'EPIPE') finish(true);
      else reject(error);
    });
  });
}

async function closeAll(server: Server, handle: FileHandle): Promise<void> {
  await new Promise<void>((done) => (server.listening ? server.close(() => done()) : done()));
  await handle.close();
}
