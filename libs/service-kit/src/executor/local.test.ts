import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { getPriority, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Execution } from '@minvar/contracts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { bundle, bundleAndFork } from '../testing/bundle';
import { executorContract } from '../testing/executor-contract';
import { until } from '../testing/wait';
import type { LocalExecutorOptions } from './local';
import { createLocalExecutor } from './local';
import { parseExecution } from '@minvar/contracts';

const entry = (name: string): string => join(import.meta.dirname, '../testing', `${name}.child.ts`);
const makeFolder = () => mkdtemp(join(tmpdir(), 'minvar-executor-'));
const noted = (folder: string, executionId: string, name: string): string => join(folder, `${executionId}.${name}`);

executorContract('child processes', async () => {
  const folder = await makeFolder();
  const executor = createLocalExecutor({
    command: [process.execPath, await bundle(entry('execution')), folder],
    slots: 2,
    env: () => ({}),
    graceMs: 300,
  });
  return {
    executor,
    started: async ({ executionId }) => existsSync(noted(folder, executionId, 'started')),
    async destroy() {
      await executor.stop();
      await rm(folder, { recursive: true });
    },
  };
});

describe('the local executor', () => {
  let folder: string;
  beforeEach(async () => void (folder = await makeFolder()));
  afterEach(() => rm(folder, { recursive: true }));

  const sleeper: Execution = { executionId: 'exe-1', projectId: 'local', attempt: 1, runs: [{ runId: 'sleep' }] };
  async function start(options: Partial<LocalExecutorOptions> = {}) {
    const lines: string[] = [];
    const executor = createLocalExecutor({
      command: [process.execPath, await bundle(entry('execution')), folder],
      slots: 2,
      env: () => ({}),
      graceMs: 300,
      onLine: (l) => lines.push(`${l.executionId} ${l.stream}: ${l.text}`),
      ...options,
    });
    await executor.start(sleeper);
    return { executor, lines };
  }
  const pidOf = async (executionId: string): Promise<number> => {
    const file = noted(folder, executionId, 'started');
    await until(() => existsSync(file) && readFileSync(file, 'utf8') !== '');
    return Number(readFileSync(file, 'utf8'));
  };

  it('passes on what children print, line by line', async () => {
    const { executor, lines } = await start();
    await until(() => lines.length === 2);
    expect(lines.sort()).toEqual(['exe-1 stderr: a line on stderr', 'exe-1 stdout: started sleep']);
    await executor.stop();
  });

  it('runs children at a lower priority, in a process group of their own', async () => {
    const { executor } = await start();
    const pid = await pidOf('exe-1');
    expect(getPriority(pid)).toBe(10);
    // proc(5): state, parent, process group, session
    const group = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ')[2];
    expect(Number(group)).toBe(pid);
    await executor.stop();
  });

  it('gives each child its slot and only the environment it is given', async () => {
    const seen: [string, number][] = [];
    const lines: string[] = [];
    const executor = createLocalExecutor({
      command: [
        process.execPath,
        '-e',
        'console.log(Object.keys(process.env).sort().join(), process.env.CUDA_VISIBLE_DEVICES); setTimeout(() => {}, 200)',
      ],
      slots: 2,
      env: (e, slot) => {
        seen.push([e.executionId, slot]);
        return { CUDA_VISIBLE_DEVICES: String(slot) };
      },
      onLine: (l) => lines.push(l.text),
    });
    await executor.start(sleeper);
    await executor.start({ ...sleeper, executionId: 'exe-2' });
    await until(() => lines.length === 2);
    expect(seen).toEqual([
      ['exe-1', 0],
      ['exe-2', 1],
    ]);
    expect(lines.sort()).toEqual([
      'CUDA_VISIBLE_DEVICES,MINVAR_EXECUTION 0',
      'CUDA_VISIBLE_DEVICES,MINVAR_EXECUTION 1',
    ]);
    await executor.stop();
  });

  it('reports a command that cannot be started as an end, with the reason', async () => {
    const executor = createLocalExecutor({ command: ['/does/not/exist'], slots: 1, env: () => ({}) });
    const exit = new Promise((done) => executor.onExit(done));
    await executor.start(sleeper);
    expect(await exit).toEqual({
      execution: sleeper,
      code: null,
      signal: null,
      error: expect.stringContaining('/does/not/exist could not be started') as string,
    });
    expect(await executor.capacity()).toEqual({ slots: 1, free: 1 });
  });

  it('ends what a killed child has left in its group', async () => {
    const script = `const { spawn } = require('node:child_process'); const c = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' }); console.log(c.pid); setInterval(() => {}, 1000);`;
    const lines: string[] = [];
    const executor = createLocalExecutor({
      command: [process.execPath, '-e', script],
      slots: 1,
      env: () => ({}),
      onLine: (l) => lines.push(l.text),
    });
    await executor.start(sleeper);
    await until(() => lines.length === 1);
    const { handle } = (await executor.running())[0]!;
    process.kill(Number(handle), 'SIGKILL'); // the supervisor alone
    await until(() => stateOf(Number(lines[0])) === null);
  });

  it('does not outlive a laboratory that is killed: children tidy up and exit', async () => {
    const parent = await bundleAndFork(entry('parent'), [folder, await bundle(entry('execution'))]);
    expect(await parent.next()).toBe('started');
    const pid = await pidOf('exe-orphan');
    parent.process.kill('SIGKILL');
    await parent.exited;
    await until(() => existsSync(noted(folder, 'exe-orphan', 'gone')));
    await until(() => stateOf(pid) === null);
  });

  it('says what is wrong with an execution that cannot be read', () => {
    expect(() => parseExecution('{')).toThrow('MINVAR_EXECUTION holds no execution');
    expect(() => parseExecution('{"executionId":"x"}')).toThrow('runs');
    expect(parseExecution(JSON.stringify(sleeper))).toEqual(sleeper);
  });
});

/** State letter of a process, null when it is gone or only waits to be collected. */
function stateOf(pid: number): string | null {
  try {
    const state = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]![0]!;
    return state === 'Z' ? null : state;
  } catch {
    return null;
  }
}
