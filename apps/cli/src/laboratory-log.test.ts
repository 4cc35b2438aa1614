import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { StorageFullError } from '@minvar/service-kit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { laboratoryLog, passOn } from './laboratory-log';

let home: string;
const told: string[] = [];
beforeEach(async () => void (home = await mkdtemp(join(tmpdir(), 'minvar-lab-log-'))));
afterEach(async () => {
  told.length = 0;
  await rm(home, { recursive: true });
});
const lines = async (): Promise<Record<string, unknown>[]> =>
  (await readFile(join(home, 'laboratory.log'), 'utf8'))
    .trimEnd()
    .split('\n')
    .map((l) => JSON.parse(l) as Record<string, unknown>);

describe('the log of a laboratory', () => {
  it('goes to a file in its home, runners’ own lines with their level and facts', async () => {
    const logger = laboratoryLog(home, null, 'secret-token', (line) => told.push(line));
    logger.child({ service: 'trainer' }).info({ runs: 2 }, 'execution started with secret-token');
    passOn(logger, 'exe_1', '{"level":"warn","pid":1,"hostname":"h","name":"runner","step":3,"msg":"slow"}');
    passOn(logger, 'exe_1', 'what a library prints');
    expect(await lines()).toMatchObject([
      { level: 'info', service: 'trainer', runs: 2, msg: 'execution started with [hidden]' },
      { level: 'warn', name: 'runner', step: 3, msg: 'slow' },
      { level: 'info', executionId: 'exe_1', msg: 'what a library prints' },
    ]);
    expect(told).toEqual([]);
  });

  it('tells whoever sits before it once that a disk is full, and which', () => {
    const logger = laboratoryLog(home, null, null, (line) => told.push(line));
    const full = new StorageFullError('an event', join(home, 'events'));
    for (let i = 0; i < 5; i++) logger.warn({ err: full }, 'a command failed; trying again');
    expect(told).toEqual([expect.stringContaining(`no space left in ${home}: runs wait`)]);
    const other = laboratoryLog(home, null, null, (line) => told.push(line));
    other.warn('mnist.gz could not be written to /big/cache: ENOSPC: no space left on device, write. Make room there');
    expect(told[1]).toContain('no space left in /big/cache: ');
  });
});
