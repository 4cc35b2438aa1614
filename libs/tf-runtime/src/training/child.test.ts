import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { DatasetManifest, FromChild, ToChild } from '@minvar/contracts';
import { exitCodes, fromChild, runSpecSchema } from '@minvar/contracts';
import { build } from 'esbuild';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { tensorflowEnvironment } from '../session';
import { makeDatasetVersion } from '../testing/dataset-version';

// The real child: apps/runner/src/child.ts, bundled, in a process of its own.
const root = fileURLToPath(new URL('../../../../', import.meta.url));
const bundle = join(root, 'node_modules', '.cache', `minvar-child-${process.pid}.mjs`);
const dir = mkdtempSync(join(tmpdir(), 'minvar-child-'));
let manifest: DatasetManifest;

beforeAll(async () => {
  await build({
    entryPoints: [join(root, 'apps/runner/src/child.ts')],
    outfile: bundle,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    logLevel: 'error',
    external: ['@tensorflow/*'],
    banner: {
      js: "import { createRequire as makeRequire } from 'node:module'; const require = makeRequire(import.meta.url);",
    },
  });
  manifest = await makeDatasetVersion(join(dir, 'data'), 'mnist');
}, 60_000);
afterAll(() => {
  rmSync(bundle, { force: true });
  rmSync(dir, { recursive: true, force: true });
});

interface Conversation {
  readonly child: ChildProcess;
  readonly said: FromChild[];
  readonly send: (message: ToChild) => void;
  readonly until: (is: (m: FromChild) => boolean) => Promise<FromChild>;
  readonly exited: Promise<{ code: number | null }>;
}

const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

function open(): Conversation {
  const child = fork(bundle, [], {
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    env: { ...process.env, ...tensorflowEnvironment({ intraOpThreads: 1, interOpThreads: 1, deterministic: false }) },
  });
  children.push(child);
  const said: FromChild[] = [];
  const waiting: (() => void)[] = [];
  child.on('message', (raw) => {
    said.push(fromChild.parse(raw));
    waiting.splice(0).forEach((wake) => wake());
  });
  const exited = new Promise<{ code: number | null }>((resolve) => child.once('exit', (code) => resolve({ code })));
  void exited.then(() => waiting.splice(0).forEach((wake) => wake()));
  return {
    child,
    said,
    exited,
    send: (m) => child.send(m),
    until: async (is) => {
      for (;;) {
        const found = said.find(is);
        if (found) return found;
        if (child.exitCode !== null || child.signalCode !== null)
          throw new Error(`the child ended before; it said ${said.map((m) => m.kind).join(', ')}`);
        await new Promise<void>((resolve) => waiting.push(resolve));
      }
    },
  };
}

function start(runId: string, { epochs = 2, method = 'erm' } = {}): ToChild {
  const scratchDir = join(dir, `${runId}-${Math.random().toString(36).slice(2)}`);
  mkdirSync(scratchDir);
  return {
    kind: 'start',
    runId,
    spec: runSpecSchema.parse({
      data: { name: 'mnist', limit: 300 },
      model: { name: 'small-cnn', width: 4 },
      method: { name: method },
      epochs,
      batchSize: 50,
    }),
    manifest,
    dataDir: join(dir, 'data'),
    scratchDir,
    initFile: null,
    resume: null,
  };
}
const ended = (runId: string) => (m: FromChild) =>
  (m.kind === 'finished' || m.kind === 'failed' || m.kind === 'interrupted') && m.runId === runId;
const residentMb = ({ child }: Conversation): number =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))![1]) / 1024;

describe('the TensorFlow child', () => {
  it('says who computes, works through several runs in one process, fails only the bad one, and does not grow', async () => {
    const c = open();
    const ready = await c.until((m) => m.kind === 'ready');
    expect(ready).toMatchObject({
      fingerprint: { tensorflow: '2.21.0', device: 'cpu', intraOpThreads: 1, interOpThreads: 1, deterministic: false },
    });
    const kinds: string[] = [];
    const memory: number[] = [];
    for (const [runId, method] of [
      ['run_1', 'erm'],
      ['run_2', 'mixer'],
      ['run_3', 'mixup'],
    ] as const) {
      c.send(start(runId, { method }));
      kinds.push((await c.until(ended(runId))).kind);
    }
    expect(kinds).toEqual(['finished', 'failed', 'finished']);
    for (let i = 0; i < 8; i++) {
      c.send(start(`run_m${i}`));
      await c.until(ended(`run_m${i}`));
      memory.push(residentMb(c));
    }
    // The digits alone are 1 MB a run, the session tens: a leak of either would show over six runs.
    expect(memory.at(-1)! - memory[1]!).toBeLessThan(40);
    c.child.disconnect();
    expect((await c.exited).code).toBe(0);
  });

  it('checkpoints when told to stop, lets waiting runs go, and exits as interrupted', async () => {
    const c = open();
    c.send(start('run_1', { epochs: 1000 }));
    c.send(start('run_2'));
    await c.until((m) => m.kind === 'checkpoint');
    c.send({ kind: 'stop' });
    await c.until(ended('run_1'));
    const { code } = await c.exited;
    expect(code).toBe(exitCodes.interrupted.code);
    const [checkpoint] = c.said.filter((m) => m.kind === 'checkpoint').slice(-1);
    const last = c.said.findIndex(ended('run_1'));
    expect(c.said.indexOf(checkpoint!)).toBeLessThan(last);
    expect(c.said.filter((m) => m.kind === 'interrupted')).toEqual([
      { kind: 'interrupted', runId: 'run_1' },
      { kind: 'interrupted', runId: 'run_2' },
    ]);
  });

  it('drops an abandoned run without a word and goes on with the next', async () => {
    const c = open();
    c.send(start('run_1', { epochs: 1000 }));
    await c.until((m) => m.kind === 'checkpoint');
    c.send({ kind: 'abandon', runId: 'run_1' });
    c.send(start('run_2', { epochs: 1 }));
    await c.until(ended('run_2'));
    expect(c.said.some(ended('run_1'))).toBe(false);
    c.child.disconnect();
    await c.exited;
  });

  it('exits when its channel closes in the middle of a run', async () => {
    const c = open();
    c.send(start('run_1', { epochs: 1000 }));
    await c.until((m) => m.kind === 'points');
    c.child.disconnect();
    expect((await c.exited).code).toBe(0);
  });
});
