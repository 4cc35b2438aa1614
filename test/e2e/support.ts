import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

export const root = resolve(import.meta.dirname, '../..');
const launcher = join(root, 'apps/cli/bin/minvar.mjs');

/** A fresh home for a laboratory, removed by `dispose`. */
export function temporaryHome(): { home: string; dispose: () => void } {
  const home = mkdtempSync(join(tmpdir(), 'minvar-e2e-'));
  return { home, dispose: () => rmSync(home, { recursive: true, force: true }) };
}

export interface Finished {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

const environment = (home: string, extra: Record<string, string> = {}): NodeJS.ProcessEnv => {
  const { MINVAR_SERVER: _server, MINVAR_TOKEN: _token, MINVAR_PORT: _port, ...rest } = process.env;
  return { ...rest, MINVAR_HOME: home, MINVAR_PORT: '0', ...extra };
};

/** Starts `minvar …` as a user would; `done` resolves when it has ended. */
export function startMinvar(
  home: string,
  args: readonly string[],
  extra: Record<string, string> = {},
  cwd: string = root,
  program: string = launcher,
) {
  const child: ChildProcess = spawn(process.execPath, [program, ...args], {
    cwd,
    env: environment(home, extra),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout!.on('data', (d: Buffer) => (stdout += d.toString()));
  child.stderr!.on('data', (d: Buffer) => (stderr += d.toString()));
  const done = new Promise<Finished>((finish) =>
    child.on('close', (status, signal) => finish({ status, signal, stdout, stderr })),
  );
  return { child, done, stdout: () => stdout, stderr: () => stderr };
}

/** Runs `minvar …` to its end. */
export const minvar = (
  home: string,
  args: readonly string[],
  extra: Record<string, string> = {},
  cwd: string = root,
): Promise<Finished> => startMinvar(home, args, extra, cwd).done;

export async function until<T>(what: string, look: () => T | Promise<T>, seconds = 60): Promise<NonNullable<T>> {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (Date.now() > end) throw new Error(`waited ${seconds} s in vain for ${what}`);
    await new Promise((r) => setTimeout(r, 50));
  }
}

/** `minvar up` on a free port; resolves when it is ready. */
export async function startLaboratory(home: string, extra: Record<string, string> = {}) {
  const running = startMinvar(home, ['up', '--port', '0'], extra);
  let ended: Finished | null = null;
  void running.done.then((f) => (ended = f));
  const url = await until('the ready line', () => {
    if (ended) throw new Error(`minvar up ended with ${ended.status}: ${ended.stderr}`);
    return /^minvar ready (http:\/\/\S+)$/m.exec(running.stdout())?.[1];
  });
  return {
    url,
    running,
    async stop(): Promise<Finished> {
      running.child.kill('SIGINT');
      return running.done;
    },
  };
}

/** A GraphQL request over HTTP. */
export async function graphql<T>(
  url: string,
  query: string,
  variables: Record<string, unknown> = {},
): Promise<{ data: T; errors?: { message: string; extensions?: { code?: string } }[] }> {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query, variables }),
  });
  return (await response.json()) as { data: T; errors?: { message: string; extensions?: { code?: string } }[] };
}
