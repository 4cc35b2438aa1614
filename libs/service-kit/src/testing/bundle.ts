import type { ChildProcess } from 'node:child_process';
import { fork } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Plugin } from 'esbuild';
import { build } from 'esbuild';

export interface ForkedChild {
  readonly process: ChildProcess;
  readonly pid: number;
  readonly messages: readonly unknown[];
  send(message: unknown): void;
  /** the next message that has not been taken yet; rejects when the process ends before */
  next<T>(): Promise<T>;
  readonly exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  /** kills it if need be and waits for its end */
  end(): Promise<void>;
}

// Packages with native parts, or that look for files beside their own, stay outside the bundle.
const external = ['lmdb', 'pino', 'prom-client', 'esbuild', 'vitest', 'kafkajs', 'minio', '@electric-sql/pglite'];
const bundles = new Map<string, Promise<string>>();

/** Our own modules do nothing when they are loaded, so what a child does not use of them is left out; many children then start sooner. */
const withoutSideEffects: Plugin = {
  name: 'without side effects',
  setup(context) {
    context.onResolve({ filter: /^(\.|@minvar\/)/ }, async ({ path, pluginData, ...where }) => {
      if (pluginData === 'resolving') return null;
      return { ...(await context.resolve(path, { ...where, pluginData: 'resolving' })), sideEffects: false };
    });
  },
};

/** Bundles a TypeScript entry for Node, once a process; returns the path of the result, which lies where npm packages resolve. */
export function bundle(entry: string): Promise<string> {
  let made = bundles.get(entry);
  if (!made) bundles.set(entry, (made = bundleNow(entry)));
  return made;
}

/** A worker's program bundled for Node, as an address that `new Worker` takes. */
export const bundleWorker = async (entry: URL): Promise<URL> => pathToFileURL(await bundle(fileURLToPath(entry)));

async function bundleNow(entry: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [entry],
    write: false,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    external,
    plugins: [withoutSideEffects],
    logLevel: 'error',
  });
  const { contents } = outputFiles[0]!;
  // Named by content: test processes share it, and old ones do not pile up.
  const folder = join(import.meta.dirname, '../../../../node_modules/.cache/minvar-test');
  const hash = createHash('sha256').update(contents).digest('hex').slice(0, 12);
  const file = join(folder, `${basename(entry, '.ts')}-${hash}.mjs`);
  await mkdir(folder, { recursive: true });
  await writeFile(`${file}.${process.pid}`, contents);
  await rename(`${file}.${process.pid}`, file);
  return file;
}

/** Bundles a TypeScript entry and runs it in a process of its own, with an IPC channel. */
export async function bundleAndFork(
  entry: string,
  args: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
): Promise<ForkedChild> {
  const child = fork(await bundle(entry), [...args], { env: { ...process.env, ...env }, execArgv: [] });
  const messages: unknown[] = [];
  let taken = 0;
  const wake: (() => void)[] = [];
  const wakeAll = (): void => {
    for (const w of wake.splice(0)) w();
  };
  let gone = false;
  child.on('message', (m) => {
    messages.push(m);
    wakeAll();
  });
  const exited = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((done) => {
    child.on('exit', (code, signal) => {
      gone = true;
      wakeAll();
      done({ code, signal });
    });
  });
  return {
    process: child,
    pid: child.pid!,
    messages,
    send: (m) => void child.send(m as object),
    async next<T>() {
      while (taken === messages.length) {
        if (gone) throw new Error(`${basename(entry)} (pid ${child.pid}) ended without another message`);
        await new Promise<void>((w) => wake.push(w));
      }
      return messages[taken++] as T;
    },
    exited,
    async end() {
      if (!gone) child.kill('SIGKILL');
      await exited;
    },
  };
}
