import { spawn } from 'node:child_process';
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isProcessAlive, processIdentity } from '../processes';
import { until } from './wait';

/** Brokers of one test, which may kill them. */
export interface OwnKafka {
  readonly brokers: readonly string[];
  /** Kills a broker (SIGKILL) and waits until it is gone; `id` from 1 on. */
  kill(id: number): Promise<void>;
  /** Stops a broker (SIGSTOP): connections stay, nothing is answered. */
  freeze(id: number): Promise<void>;
  thaw(id: number): Promise<void>;
  /** Starts a killed broker as it was; it answers some seconds later. */
  revive(id: number): Promise<void>;
  close(): Promise<void>;
}

const servers = (file: string): string => fileURLToPath(new URL(`../../../../tools/servers/${file}`, import.meta.url));

function run(args: readonly string[]): Promise<string> {
  return new Promise((done, failed) => {
    const child = spawn(process.execPath, [servers('index.mjs'), ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    let out = '';
    let said = '';
    child.stdout.on('data', (text: Buffer) => (out += text.toString()));
    child.stderr.on('data', (text: Buffer) => (said += text.toString()));
    child.on('error', failed);
    child.on('close', (code) => (code === 0 ? done(out) : failed(new Error(said || `exit code ${code}`))));
  });
}

export async function ownKafka(count = 1): Promise<OwnKafka> {
  const dir = await mkdtemp(join(tmpdir(), 'minvar-kafka-'));
  const settings = await run(['up', '--only', 'kafka', '--dir', dir, '--brokers', String(count)]).catch(
    async (error: unknown) => {
      await rm(dir, { recursive: true, force: true });
      throw error;
    },
  );
  const brokers = /^MINVAR_KAFKA_BROKERS=(.*)$/m.exec(settings)![1]!.split(',');
  const { startBroker } = (await import(servers('kafka.mjs'))) as {
    startBroker(folder: string): Promise<{ pid: number }>;
  };
  const { remember } = (await import(servers('processes.mjs'))) as { remember(dir: string, pid: number): void };
  const pidOf = async (id: number): Promise<number> => Number(await readFile(join(dir, `kafka-${id}`, 'pid'), 'utf8'));
  return {
    brokers,
    async freeze(id) {
      const pid = await pidOf(id);
      process.kill(pid, 'SIGSTOP');
      // The signal is only on its way when `kill` returns: the broker could still answer.
      const states = async (): Promise<string[]> => {
        const threads = await readdir(`/proc/${pid}/task`);
        const texts = threads.map((t) => readFile(`/proc/${pid}/task/${t}/stat`, 'utf8').catch(() => ') T'));
        return (await Promise.all(texts)).map((text) => text.slice(text.lastIndexOf(')') + 2)[0]!);
      };
      await until(async () => (await states()).every((state) => state === 'T'));
    },
    thaw: async (id) => void process.kill(await pidOf(id), 'SIGCONT'),
    async kill(id) {
      const pid = await pidOf(id);
      const identity = processIdentity(pid);
      process.kill(pid, 'SIGKILL');
      await until(() => !isProcessAlive(identity));
    },
    async revive(id) {
      const { pid } = await startBroker(join(dir, `kafka-${id}`));
      remember(dir, pid);
    },
    async close() {
      await run(['down', '--dir', dir]);
    },
  };
}
