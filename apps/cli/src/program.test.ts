import { describe, expect, it } from 'vitest';
import type { Context } from './context';
import { nearMiss } from './errors';
import { readEnvironment } from './environment';
import { createProgress } from './output/progress';
import { runProgram } from './program';

async function run(...argv: string[]): Promise<{ code: number | null; error: Error | null; out: string }> {
  let out = '';
  const context = (): Context => ({
    // nothing listens on port 9 (discard): what reaches the network fails there
    environment: readEnvironment({ MINVAR_SERVER: 'http://127.0.0.1:9' }, '/tmp'),
    progress: createProgress({ isTerminal: false, columns: 80, write: () => undefined }),
    signal: new AbortController().signal,
    stdoutIsTerminal: true,
    columns: 80,
    out: async (text) => void (out += text),
    stdin: async () => '',
  });
  try {
    return { code: await runProgram(argv, '1.2.3', context, (text) => (out += text)), error: null, out };
  } catch (e) {
    return { code: null, error: e as Error, out };
  }
}

describe('the command line', () => {
  it('answers a wrong flag with the flag, a near miss and the way to help', async () => {
    const { error, out } = await run('experiment', 'run', 'linear-low-high', '--prest', 'quick');
    expect(error?.name).toBe('UsageError');
    expect(error?.message).toMatch(/--prest[^]*--preset[^]*minvar experiment run --help/);
    expect(out).toBe('');
  });

  it('answers an unknown command with a near miss', async () => {
    const { error } = await run('experimant');
    expect(error?.name).toBe('UsageError');
    expect(error?.message).toMatch(/experimant[^]*experiment/);
  });

  it('says which commands a group has when none is given', async () => {
    const { error } = await run('runs');
    expect(error?.name).toBe('UsageError');
    expect(error?.message).toMatch(/list[^]*watch[^]*cancel/);
  });

  it.each([
    [['up', '--port', '99999'], /--port is '99999'/],
    [['experiment', 'run', 'x', '--seeds', '0'], /--seeds is '0'/],
    [['experiment', 'run', 'x', '--set', 'epochs'], /--set is 'epochs', but path=value/],
    [['experiment', 'run'], /which experiment/],
    [['experiment', 'run', 'x', '--all'], /not both/],
    [['runs', 'list', '--state', 'runing'], /'runing'; did you mean 'RUNNING'/],
    [['runs', 'show', 'banana'], /'banana' is no run id/],
    [['dead', 'drop'], /which dead letters\?.*--all/],
    [['dead', 'replay', 'dead_trainer_0', '--all'], /which dead letters\?/],
    [['results', 'x', '--format', 'cvs'], /'cvs'; did you mean 'csv'/],
    [['results', 'x', '--format', 'parquet'], /Parquet is binary/],
    [['runs', 'list', '--order', 'sed'], /--order is 'sed'; did you mean 'seed'/],
    [
      ['data', 'ingest', 'mnist', '--data', '/tmp'],
      /--data is '\/tmp', but the gateway at http.*MINVAR_SERVER.*has a data folder/,
    ],
    [['results', 'x', '--data', '.', '--server', 'http://127.0.0.1:9'], /--data is '\.'.*--server/],
    [['experiment', 'list', '--server', 'localhost:4000'], /--server is 'localhost:4000'/],
  ])('refuses %j before anything happens', async (argv, message) => {
    const { error } = await run(...argv);
    expect(error?.name).toBe('UsageError');
    expect(error?.message).toMatch(message);
  });

  it('names the address of a gateway that does not answer, and how to start one', async () => {
    const { error } = await run('experiment', 'list');
    expect(error?.name).toBe('WorkError');
    expect(error?.message).toMatch(/http:\/\/127\.0\.0\.1:9 .*minvar up/);
  });

  it('prints help and version on stdout and ends well', async () => {
    expect(await run('--version')).toMatchObject({ code: 0, out: '1.2.3\n' });
    expect((await run('runs', 'list', '--help')).out).toContain('--experiment');
  });
});

describe('near misses', () => {
  it('are found across swaps, losses and beginnings, and not across everything', () => {
    const names = ['spurious-colour', 'linear-low-high'];
    expect(nearMiss('spurius-colour', names)).toBe('spurious-colour');
    expect(nearMiss('linear', names)).toBe('linear-low-high');
    expect(nearMiss('banana', names)).toBeNull();
  });
});
