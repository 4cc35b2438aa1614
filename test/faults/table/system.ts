import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { readVariables, serversOf, serverVariables } from '@minvar/contracts';
import type { Place } from '@minvar/service-kit';
import { openPlace } from '@minvar/service-kit';
import { z } from 'zod';
import type { RunningService, ServiceName } from '../../e2e/services';
import { startServers, startService } from '../../e2e/services';
import { root, startMinvar, temporaryHome, until } from '../../e2e/support';
import type { Process } from './processes';
import { descendants, killed, processOf } from './processes';

/** seconds; the default is 30, which only makes the table slower */
export const leaseSeconds = 3;
const settings = {
  MINVAR_LEASE_SECONDS: String(leaseSeconds),
  MINVAR_CHECKPOINT_SECONDS: '1',
  MINVAR_DATA_DIR: '',
  MINVAR_LOG_LEVEL: 'info',
};

/** A laboratory that faults are injected into: everything in one process on a home, or services apart on real servers. */
export interface System {
  readonly kind: 'home' | 'servers';
  /** log and objects, as any process may open them beside the others */
  readonly place: Place;
  /** variables of a command that is to find the laboratory */
  readonly variables: Readonly<Record<string, string>>;
  readonly home: string;
  /** Addresses of the gateways that live and are ready. */
  gateways(): Promise<readonly string[]>;
  /** Processes that run services, in the order of their start. */
  services(): readonly Process[];
  /** Supervisors of runs, and the TensorFlow children below them. */
  runners(): { readonly supervisors: readonly Process[]; readonly children: readonly Process[] };
  /** What works at runs and can stand still while others go on: supervisors, or trainers with all below them. */
  workers(): readonly (readonly Process[])[];
  /** Kills every process of the laboratory (not the servers); answers how many. */
  killAll(): Promise<number>;
  /** Asks what runs runs to end (SIGTERM) and waits for it: the laboratory, or all trainers. Answers exit codes. */
  endRunning(): Promise<readonly (number | null)[]>;
  /** Starts whatever does not live. */
  startAll(): Promise<void>;
  /** What the processes said, for a failure. */
  said(): string;
  readonly apart: Apart | null;
  end(): Promise<void>;
}

/** What only services apart have. */
export interface Apart {
  /** folder name of a server → signals to its process */
  signal(server: ServerName, signal: NodeJS.Signals): Promise<void>;
  /** Starts one that was killed, as it was. */
  again(server: ServerName): Promise<void>;
  /** Ends the oldest of a kind in order, or kills it, and starts another. Answers its exit. */
  replace(name: ServiceName, signal: NodeJS.Signals): Promise<number | NodeJS.Signals | null>;
}
export type ServerName = 'kafka-1' | 'minio' | 'postgres';

/** Every service in one process, as `minvar up` starts it. `dist`: where its programs lie. */
export async function embedded(dist = join(root, 'dist')): Promise<System> {
  const { home, dispose } = temporaryHome();
  const variables = { ...settings, MINVAR_SLOTS: '2' };
  const labs: ReturnType<typeof startMinvar>[] = [];
  const current = () => labs.at(-1)!;
  const lives = (): boolean =>
    labs.length > 0 && current().child.exitCode === null && current().child.signalCode === null;
  const below = (): Process[] => (lives() ? descendants(current().child.pid!) : []);
  let url = '';
  async function startAll(): Promise<void> {
    if (lives()) return;
    const lab = startMinvar(home, ['up', '--port', '0'], variables, root, join(dist, 'cli.mjs'));
    labs.push(lab);
    url = await until(
      'the laboratory to be ready',
      () => {
        if (lab.child.exitCode !== null) throw new Error(`minvar up ended with ${lab.child.exitCode}: ${lab.stderr()}`);
        return /^minvar ready (http:\/\/\S+)$/m.exec(lab.stdout())?.[1];
      },
      120,
    );
  }
  await startAll();
  const place = await openPlace({ home, servers: null });
  return {
    ...{ kind: 'home', place, home, variables, apart: null, startAll },
    gateways: async () => (lives() ? [url] : []),
    services: () => (lives() ? [processOf(current().child.pid!)!] : []),
    runners: () => runnersOf(below()),
    workers: () => runnersOf(below()).supervisors.map((p) => [p, ...descendants(p.pid)]),
    killAll: async () => {
      const all = [processOf(current().child.pid!)!, ...below()];
      const gone = await Promise.all(all.map(killed));
      await current().done;
      return gone.filter(Boolean).length;
    },
    endRunning: async () => {
      current().child.kill('SIGTERM');
      return [(await current().done).status];
    },
    said: () => `${labs.map((l) => l.stderr()).join('\n')}\n${logOf(home)}`,
    end: async () => {
      if (lives()) {
        current().child.kill('SIGTERM');
        await current().done;
      }
      await place.close();
      dispose();
    },
  };
}

const logOf = (home: string): string => {
  try {
    return readFileSync(join(home, 'laboratory.log'), 'utf8').slice(-20_000);
  } catch {
    return '';
  }
};

const runnersOf = (processes: readonly Process[]) => ({
  supervisors: processes.filter((p) => p.command.includes('runner.mjs')),
  children: processes.filter((p) => p.command.includes('runner-child.mjs')),
});

/** Two of each service, each in a process and on a home of its own, on Kafka, S3 and PostgreSQL. */
export async function servicesApart(dist = join(root, 'dist')): Promise<System> {
  const servers = await startServers();
  const services: RunningService[] = [];
  const homes: ReturnType<typeof temporaryHome>[] = [];
  const lives = (s: RunningService): boolean => s.child.exitCode === null && s.child.signalCode === null;
  const living = (name?: ServiceName): RunningService[] =>
    services.filter((s) => lives(s) && (name === undefined || s.name === name));
  function start(name: ServiceName): RunningService {
    const own = temporaryHome();
    homes.push(own);
    const variables = { ...servers.variables, ...settings, MINVAR_SLOTS: '2', MINVAR_HOME: own.home };
    const service = startService(name, variables, dist);
    services.push(service);
    return service;
  }
  async function startAll(): Promise<void> {
    for (const name of ['gateway', 'trainer', 'analyzer'] as const) while (living(name).length < 2) start(name);
    if (living('data-ingest').length === 0) start('data-ingest');
    await Promise.all(living().map((s) => s.url()));
  }
  const below = (): Process[] => living('trainer').flatMap((t) => descendants(t.child.pid!));
  /** A server's process and those below it. */
  const familyOf = (server: ServerName): Process[] =>
    readdirSync(join(servers.dir, 'pids'))
      .flatMap((pid) => processOf(Number(pid)) ?? [])
      .filter((p) => p.command.includes(join(servers.dir, server)))
      .flatMap((p) => [p, ...descendants(p.pid)]);
  try {
    await startAll();
    const found = serversOf(readVariables(z.object(serverVariables), servers.variables));
    const { home, dispose } = temporaryHome();
    const place = await openPlace({ home, servers: found });
    return {
      ...{ kind: 'servers', place, home, startAll },
      variables: servers.variables,
      gateways: async () => {
        const urls = await Promise.all(living('gateway').map((g) => g.url().catch(() => null)));
        return urls.filter((u) => u !== null);
      },
      services: () => living().flatMap((s) => processOf(s.child.pid!) ?? []),
      runners: () => runnersOf(below()),
      workers: () =>
        living('trainer')
          .map((t) => [...[processOf(t.child.pid!)].filter((p) => p !== null), ...descendants(t.child.pid!)])
          .filter((all) => all.length > 1),
      killAll: async () => {
        const all = [...living().flatMap((s) => processOf(s.child.pid!) ?? []), ...below()];
        const mine = living();
        const gone = await Promise.all(all.map(killed));
        await Promise.all(mine.map((service) => service.end()));
        return gone.filter(Boolean).length;
      },
      endRunning: async () => {
        const trainers = living('trainer');
        await Promise.all(trainers.map((t) => t.end()));
        return trainers.map((t) => t.child.exitCode);
      },
      said: () => services.map((s) => `== ${s.name}\n${s.said().slice(-8000)}`).join('\n'),
      apart: {
        signal: async (server, signal) => {
          const family = familyOf(server);
          if (family.length === 0) throw new Error(`no process of ${server} lives`);
          if (signal !== 'SIGKILL') for (const { pid } of family) process.kill(pid, signal);
          else await Promise.all(family.map(killed));
        },
        again: async (server) => {
          const args = [join(root, 'tools/servers/index.mjs'), 'again', server, '--dir', servers.dir];
          await promisify(execFile)(process.execPath, args);
        },
        replace: async (name, signal) => {
          const [oldest] = living(name);
          start(name);
          await oldest!.end(signal);
          return oldest!.child.signalCode ?? oldest!.child.exitCode;
        },
      },
      end: async () => {
        await Promise.all(living().map((s) => s.end()));
        await place.close();
        await servers.end();
        for (const h of [...homes, { dispose }]) h.dispose();
      },
    };
  } catch (error) {
    await Promise.all(living().map((s) => s.end('SIGKILL')));
    await servers.end();
    throw error;
  }
}
