import { spawn } from 'node:child_process';
import { chmod, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** A PostgreSQL server of one test, which may kill it. */
export interface OwnPostgres {
  readonly url: string;
  /** Kills the server (SIGKILL), and with it every connection. */
  kill(): Promise<void>;
  /** Starts it again as it was; it answers a little later. */
  revive(): Promise<void>;
  /** Stops the server and all its connections (SIGSTOP): nothing is refused, nothing answered. */
  freeze(): Promise<void>;
  thaw(): Promise<void>;
  close(): Promise<void>;
}

const servers = fileURLToPath(new URL('../../../../tools/servers/index.mjs', import.meta.url));

const output = (command: string, args: readonly string[]): Promise<string> =>
  new Promise((done, failed) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let out = '';
    let said = '';
    child.stdout.on('data', (text: Buffer) => (out += text.toString()));
    child.stderr.on('data', (text: Buffer) => (said += text.toString()));
    child.on('error', failed);
    child.on('close', (code) => (code === 0 ? done(out) : failed(new Error(said || `exit code ${code}`))));
  });
const run = (...args: string[]): Promise<string> => output(process.execPath, [servers, ...args]);

/** A process and all that it has started. */
async function family(pid: number): Promise<number[]> {
  const rows = (await output('ps', ['-e', '-o', 'pid=,ppid='])).trim().split('\n');
  return [
    pid,
    ...rows.map((r) => r.trim().split(/\s+/).map(Number)).flatMap(([id, parent]) => (parent === pid ? [id!] : [])),
  ];
}

export async function ownPostgres(): Promise<OwnPostgres> {
  const dir = await mkdtemp(join(tmpdir(), 'minvar-postgres-'));
  await chmod(dir, 0o755); // the server runs as a user of its own
  let pid: number;
  const settings = await run('up', '--only', 'postgres', '--dir', dir).catch(async (e: unknown) => {
    await rm(dir, { recursive: true, force: true });
    throw e;
  });
  pid = Number((await readdir(join(dir, 'pids')))[0]);
  const signalAll = async (signal: NodeJS.Signals): Promise<void> => {
    for (const id of await family(pid)) {
      try {
        process.kill(id, signal);
      } catch {
        // it ended by itself
      }
    }
  };
  return {
    url: /^MINVAR_POSTGRES_URL=(.*)$/m.exec(settings)![1]!,
    kill: () => signalAll('SIGKILL'),
    revive: async () => void (pid = Number(await run('again', 'postgres', '--dir', dir))),
    freeze: () => signalAll('SIGSTOP'),
    thaw: () => signalAll('SIGCONT'),
    close: async () => void (await run('down', '--dir', dir)),
  };
}
