import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { execFile } from 'node:child_process';
import { root, until } from './support';

export type ServiceName = 'data-ingest' | 'trainer' | 'analyzer' | 'gateway';

/** One service in a process of its own, as `minvar service NAME` starts it. */
export function startService(
  name: ServiceName,
  variables: Readonly<Record<string, string>>,
  dist: string = join(root, 'dist'),
) {
  const { MINVAR_SERVER: _server, MINVAR_TOKEN: _token, ...rest } = process.env;
  const child = spawn(process.execPath, [join(dist, `${name}.mjs`)], {
    env: { ...rest, MINVAR_PORT: '0', ...variables },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  child.stdout.on('data', (d: Buffer) => (said += d.toString()));
  child.stderr.on('data', (d: Buffer) => (said += d.toString()));
  const ended = new Promise<void>((done) => child.once('exit', () => done()));
  return {
    name,
    child,
    said: () => said,
    /** where it answers, once it is ready */
    url: () =>
      until(
        `${name} to be ready`,
        () => {
          if (child.exitCode !== null) throw new Error(`${name} ended with ${child.exitCode}: ${said}`);
          return /^minvar (?:[\w-]+ )?ready (http:\/\/\S+)$/m.exec(said)?.[1];
        },
        120,
      ),
    async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
      if (child.exitCode === null && child.signalCode === null) child.kill(signal);
      await ended;
    },
  };
}
export type RunningService = ReturnType<typeof startService>;

/** Kafka, MinIO and PostgreSQL of one suite, on free ports; `variables` name them. */
export async function startServers(): Promise<{
  variables: Record<string, string>;
  dir: string;
  end(): Promise<void>;
}> {
  const dir = mkdtempSync(join(tmpdir(), 'minvar-servers-'));
  const servers = (...args: string[]) =>
    promisify(execFile)(process.execPath, [join(root, 'tools/servers/index.mjs'), ...args, '--dir', dir]);
  await promisify(execFile)('chmod', ['a+x', dir]); // PostgreSQL runs as a user of its own
  const end = async (): Promise<void> => {
    await servers('down');
    rmSync(dir, { recursive: true, force: true });
  };
  try {
    const { stdout } = await servers('up');
    const lines = stdout.trim().split('\n');
    const variables = Object.fromEntries(
      lines.map((l) => [l.slice(0, l.indexOf('=')), l.slice(l.indexOf('=') + 1)] as const),
    );
    return { variables, dir, end };
  } catch (error) {
    await end();
    throw error;
  }
}
