import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
// @ts-expect-error plain JavaScript: it runs before anything is built
import { endAll, freePorts, living, remember, startAgain, startTime, startUntil } from './processes.mjs';

describe('processes of servers', () => {
  let dir: string;
  beforeEach(async () => void (dir = await mkdtemp(join(tmpdir(), 'minvar-processes-'))));
  afterEach(async () => {
    await endAll(dir, 0);
    await rm(dir, { recursive: true });
  });
  const waiting = 'setInterval(() => {}, 1000)';
  const start = (program: string) =>
    startUntil({
      name: 'one',
      command: process.execPath,
      args: ['-e', `console.log('begun'); ${program}`],
      env: {},
      folder: dir,
      answers: async () => {
        if (!(await readFile(join(dir, 'one.log'), 'utf8')).includes('begun')) throw new Error('not yet');
      },
    });

  it('are ended by a signal, also when they are stopped, and killed when they do not listen', async () => {
    const pids = [
      await start(waiting),
      await start(`process.on('SIGTERM', () => {}); ${waiting}`),
      startAgain(dir).pid!,
    ];
    for (const pid of pids) remember(dir, pid);
    process.kill(pids[0]!, 'SIGSTOP');
    expect(
      living(dir)
        .map((one: { pid: number }) => one.pid)
        .sort(),
    ).toEqual([...pids].sort());
    expect(await endAll(dir, 1000)).toBe(3);
    expect(pids.map(startTime)).toEqual([null, null, null]);
    expect(living(dir)).toEqual([]);
  });

  it('are let alone when the number now belongs to another process', async () => {
    const other = spawn(process.execPath, ['-e', waiting]);
    try {
      remember(dir, other.pid!);
      const file = join(dir, 'pids', String(other.pid));
      await writeFile(file, JSON.stringify({ ...JSON.parse(await readFile(file, 'utf8')), started: '1' }));
      expect(await endAll(dir, 0)).toBe(0);
      expect(startTime(other.pid!)).not.toBeNull();
    } finally {
      other.kill('SIGKILL');
    }
  });

  it('that end at once are reported with what they wrote', async () => {
    const failing = startUntil({
      name: 'one',
      command: process.execPath,
      args: ['-e', `console.error('the port is taken'); process.exit(3)`],
      env: {},
      folder: dir,
      answers: () => Promise.reject(new Error('nobody listens')),
    });
    await expect(failing).rejects.toThrow(/one does not answer: it ended with exit code 3\n(.*\n)*.*the port is taken/);
  });

  it('get a port that nobody listens on', async () => {
    const [port] = await freePorts(1);
    expect(port).toBeGreaterThan(1023);
    await expect(fetch(`http://127.0.0.1:${port}`)).rejects.toThrow();
  });
});
