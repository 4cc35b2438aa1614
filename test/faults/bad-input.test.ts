import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Finished } from '../e2e/support';
import { graphql, minvar, startLaboratory, temporaryHome } from '../e2e/support';

const { home, dispose } = temporaryHome();
let lab: Awaited<ReturnType<typeof startLaboratory>>;

/** Refused: a message on stderr that says `message`, no stack of ours, nothing on stdout. */
function expectRefusal(r: Finished, status: number, message: RegExp): void {
  expect(r.stderr.replace(/\s+/g, ' ')).toMatch(message);
  expect(r.stderr).not.toMatch(/^\s+at .*:\d+:\d+\)?$/m);
  expect(r).toMatchObject({ status, stdout: '' });
}

const run = (...more: string[]): string[] => ['experiment', 'run', 'spurious-colour', '--preset', 'ci', ...more];

describe('wrong usage', () => {
  beforeAll(async () => {
    lab = await startLaboratory(home);
  }, 120_000);
  afterAll(async () => {
    await lab.stop();
    dispose();
  });

  it.each<[string[], RegExp]>([
    [['--bogus'], /unknown option '--bogus'.*minvar --help/],
    [['experimnt', 'list'], /unknown command 'experimnt'.*Did you mean experiment/],
    [['runs', 'wach'], /unknown command 'wach'.*Did you mean watch/],
    [['runs'], /which command\?.*watch/],
    [run('--presett', 'ci'), /unknown option '--presett'.*Did you mean --preset/],
    [['up', 'now'], /too many arguments/],
    [['up', '--port', '99999'], /--port is '99999'.*0 to 65535/],
    [['up', '--slots', '0'], /--slots is '0'/],
    [['experiment', 'run'], /which experiment\?.*experiment list/],
    [
      ['experiment', 'run', 'spurious-color'],
      /no experiment 'spurious-color'; did you mean 'spurious-colour'\? There are: .*linear-low-high/,
    ],
    [
      ['experiment', 'run', 'spurious-colour', '--preset', 'cii'],
      /'cii'; did you mean 'ci'\? There are: quick, paper, ci/,
    ],
    [run('--seeds', '0'), /--seeds is '0'.*whole number from 1/],
    [run('--seeds', '1.5'), /--seeds is '1\.5'/],
    [run('--set', 'epoch=1'), /'epoch' cannot be set; allowed are epochs, batchSize/],
    [run('--set', 'epochs'), /--set is 'epochs', but path=value is needed/],
    [run('--set', 'epochs=NaN'), /epochs.*expected number.*NaN/],
    [run('--set', 'epochs=-1'), /epochs.*-1/],
    [run('--set', 'optimizer.lr=Infinity'), /optimizer\.lr.*Infinity/],
    [run('--set', 'optimizer.lr=1e999'), /optimizer\.lr/],
    [run('--set', 'optimizer.name=adam'), /optimizer\.name.*adamw.*sgd/],
    [run('--set', 'model.width=many'), /model\.width.*many/],
    [run('--set', 'data.name=mnist'), /'data\.name' cannot be set; allowed are/],
    [run('--set', 'method.alpha=-1'), /method\.alpha.*-1/],
    [run('--set', '__proto__.x=1'), /--set is '__proto__\.x=1', but path=value is needed/],
    [['data', 'ingest', 'mnst'], /no dataset 'mnst'; did you mean 'mnist'\? There are: .*coloured-mnist/],
    [['data', 'pull', 'mnist@1@2'], /'mnist@1@2' is no dataset: give NAME or NAME@VERSION/],
    [['data', 'pull', 'mnist', '--format', 'npx'], /'npx'.*npz, parquet, imagefolder/],
    [['data', 'pull', 'mnist'], /no version here yet; `minvar data ingest mnist`/],
    [['results', 'spurious-colour', '--format', 'tabel'], /'tabel'.*There are: table, csv/],
    [['results', 'spurious-colour', '--preset', 'quik'], /'quik'; did you mean 'quick'/],
    [['runs', 'list', '--state', 'DONE'], /--state is 'DONE'\. There are: QUEUED/],
    [['runs', 'show', 'mine'], /'mine' is no run id.*runs list/],
    [['runs', 'watch', 'run_00000000-0000-4000-8000-000000000000'], /no run id begins with.*runs list/],
    [['experiment', 'list', '--server', 'nowhere'], /--server is 'nowhere'.*http:\/\/127\.0\.0\.1:4000/],
  ])(
    'minvar %j',
    async (args, message) => {
      expectRefusal(await minvar(home, args), 2, message);
    },
    60_000,
  );

  it('leaves nothing behind', async () => {
    const { data } = await graphql<{ runs: { totalCount: number }; datasetVersions: unknown }>(
      lab.url,
      '{ runs { totalCount } }',
    );
    expect(data.runs.totalCount).toBe(0);
    expect(readdirSync(join(home, 'objects'))).not.toEqual(expect.arrayContaining(['runs']));
    expect(readdirSync(join(home, 'objects'))).not.toEqual(expect.arrayContaining(['datasets']));
  });

  it('of the home: a second laboratory is refused, naming home and process', async () => {
    expectRefusal(await minvar(home, ['up', '--port', '0']), 1, new RegExp(`${home}.*${lab.running.child.pid}`));
    expectRefusal(await minvar(home, ['start', '--once']), 1, new RegExp(home));
    expect((await graphql<{ cursor: string }>(lab.url, '{ cursor }')).data.cursor).toBeTypeOf('string');
  }, 60_000);

  it('of the port: one that is taken is named, and the home is free again', async () => {
    const other = temporaryHome();
    try {
      const port = new URL(lab.url).port;
      for (let i = 0; i < 2; i++)
        expectRefusal(
          await minvar(other.home, ['up', '--port', port]),
          1,
          new RegExp(`port ${port} on 127\\.0\\.0\\.1 is in use: give another one`),
        );
    } finally {
      other.dispose();
    }
  }, 60_000);

  it('of the preset of a start: nothing is run', async () => {
    const other = temporaryHome();
    try {
      const r = await minvar(other.home, ['start', '--once', '--preset', 'quik']);
      expect(r).toMatchObject({
        status: 2,
        stdout: '',
        stderr: expect.stringMatching(/no preset 'quik'; did you mean 'quick'/) as string,
      });
    } finally {
      other.dispose();
    }
  }, 60_000);

  it('of a home that is a file or cannot be made, and of a gateway that is not there', async () => {
    const other = temporaryHome();
    try {
      const file = join(other.home, 'file');
      writeFileSync(file, '');
      for (const home of [file, '/proc/minvar'])
        expectRefusal(
          await minvar(home, ['up', '--port', '0']),
          2,
          new RegExp(`the home ${home} cannot be .*--home or MINVAR_HOME`),
        );
      expectRefusal(
        await minvar(other.home, ['runs', 'list', '--server', 'http://127.0.0.1:19']),
        1,
        /cannot reach http:\/\/127\.0\.0\.1:19/,
      );
    } finally {
      other.dispose();
    }
  }, 60_000);
});

describe('a wrong environment', () => {
  it('is told at once, every problem of it', async () => {
    const other = temporaryHome();
    try {
      const r = await minvar(other.home, ['up'], {
        MINVAR_PORT: 'abc',
        MINVAR_SLOTS: '-1',
        MINVAR_LEASE_SECONDS: 'x',
        MINVAR_LOG_LEVEL: 'loud',
        MINVAR_SERVER: 'ftp://x',
      });
      expectRefusal(r, 2, /MINVAR_PORT is 'abc'.*MINVAR_SLOTS is '-1'/);
      for (const part of [/MINVAR_LEASE_SECONDS is 'x'/, /MINVAR_LOG_LEVEL is 'loud'.*warn/, /MINVAR_SERVER/])
        expect(r.stderr).toMatch(part);
      expect(readdirSync(other.home)).toEqual([]);
    } finally {
      other.dispose();
    }
  }, 60_000);
});

describe('a linear problem that is none', () => {
  const point = { x: [1, 2], y: 1, weight: 1 };
  it.each<[string, string, RegExp]>([
    ['NaN', '{"points":[{"x":[NaN],"y":1}],"loss":"erm"}', /JSON has no NaN/],
    ['an infinite coordinate', '{"points":[{"x":[1e999],"y":1}],"loss":"erm"}', /points\[0\]\.x\[0\] is Infinity/],
    ['y of 0', JSON.stringify({ points: [{ ...point, y: 0 }], loss: 'erm' }), /points\[0\]\.y is 0; expected 1 or -1/],
    [
      'ragged points',
      JSON.stringify({ points: [point, { x: [1], y: -1 }], loss: 'erm' }),
      /points\[1\]\.x is \[1\]; expected 2 coordinates/,
    ],
    ['no points', '{"points":[],"loss":"erm"}', /points is \[\]; expected at least one/],
    ['an unknown loss', JSON.stringify({ points: [point], loss: 'cutmix' }), /cutmix.*label-smoothing/],
    [
      'a negative weight',
      JSON.stringify({ points: [{ ...point, weight: -1 }], loss: 'erm' }),
      /points\[0\]\.weight is -1/,
    ],
    ['a negative weight decay', JSON.stringify({ points: [point], loss: 'erm', weightDecay: -1 }), /weightDecay is -1/],
    ['an index out of range', JSON.stringify({ points: [point], loss: 'erm', low: [7] }), /low.*7/],
    ['a list', '[]', /\[\]/],
    ['no JSON', 'points', /is not JSON/],
  ])(
    'for %s',
    async (_, text, message) => {
      const folder = temporaryHome();
      try {
        const file = join(folder.home, 'spec.json');
        writeFileSync(file, text);
        expectRefusal(await minvar(folder.home, ['linear', '--file', file, '--json']), 2, message);
      } finally {
        folder.dispose();
      }
    },
    60_000,
  );

  it('for a file that is not there, or a folder', async () => {
    const folder = temporaryHome();
    mkdirSync(join(folder.home, 'spec'));
    try {
      for (const name of ['spec', 'nowhere.json'])
        expectRefusal(
          await minvar(folder.home, ['linear', '--file', join(folder.home, name)]),
          2,
          new RegExp(`--file '.*${name}' cannot be read`),
        );
    } finally {
      folder.dispose();
    }
  }, 60_000);
});
