import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parquetReadObjects } from 'hyparquet';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { labels, writeCopy } from '../faults/idx-files';
import { minvar, root, startLaboratory, startMinvar, temporaryHome, until } from './support';

const { home, dispose } = temporaryHome();
const scratch = temporaryHome();
const out = (name: string): string => join(scratch.home, name);
const copies = out('copies');
const columns =
  'experiment,preset,run_id,dataset,dataset_version,model,method,seed,split,epoch,selection,metric,variant,class,group,value';

let lab: Awaited<ReturnType<typeof startLaboratory>>;

/** A command on the running laboratory that ends well; what it wrote on stdout. */
async function good(...args: string[]): Promise<string> {
  const r = await minvar(home, args);
  expect(r.status, `${args.join(' ')}: ${r.stderr}`).toBe(0);
  return r.stdout;
}
const json = async <T>(...args: string[]): Promise<T> => JSON.parse(await good(...args, '--json')) as T;
async function refused(status: number, message: RegExp, ...args: string[]): Promise<void> {
  const r = await minvar(home, args);
  expect(r.stderr.replace(/\s+/g, ' ')).toMatch(message);
  expect(r.stderr).not.toMatch(/^\s+at .*:\d+:\d+\)?$/m);
  expect(r).toMatchObject({ status, stdout: '' });
}

interface Run {
  readonly id: string;
  readonly state: string;
  readonly attempt: number;
}

describe('the commands, as a user gives them', () => {
  beforeAll(async () => {
    mkdirSync(copies);
    writeCopy(join(copies, 'mnist'));
    lab = await startLaboratory(home, { MINVAR_DATA_DIR: copies });
    await good('experiment', 'run', 'linear-low-high', '--preset', 'ci');
  }, 180_000);
  afterAll(async () => {
    await lab.stop();
    dispose();
    scratch.dispose();
  }, 60_000);

  it('results: the same numbers as table, CSV, Parquet, LaTeX and Markdown', async () => {
    const results = (...args: string[]) => good('results', 'linear-low-high', '--preset', 'ci', ...args);
    const csv = await results('--format', 'csv');
    const [header, ...lines] = csv.trimEnd().split('\n');
    expect(header).toBe(columns);
    expect(lines.length).toBeGreaterThan(50);
    expect(new Set(lines.map((l) => l.split(',').length))).toEqual(new Set([16]));
    await results('--format', 'parquet', '--out', out('deep/er/results.parquet'));
    const bytes = readFileSync(out('deep/er/results.parquet'));
    const rows = await parquetReadObjects({
      file: bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) as ArrayBuffer,
    });
    expect(rows).toHaveLength(lines.length);
    expect(Object.keys(rows[0]!).join()).toBe(columns);
    expect(rows.map((r) => r['value'])).toEqual(
      lines.map((l) => (l.split(',').at(-1) === '' ? undefined : Number(l.split(',').at(-1)))).map((v) => v ?? null),
    );
    expect(await results('--format', 'latex')).toMatch(/^\\begin\{table\}[^]*\\toprule[^]*\\end\{table\}\n$/);
    expect(await results('--format', 'markdown')).toMatch(/^### .*\n\n\| method /);
    expect(await results()).toMatch(/^claim 2: SUPPORTED/m);
    await refused(1, /no results at preset 'quick', but at 'ci'; `minvar experiment run/, 'results', 'linear-low-high');
    await refused(
      1,
      /cannot write to '\/proc\/nowhere'/,
      ...['results', 'linear-low-high', '--preset', 'ci', '--out', '/proc/nowhere/x.csv'],
    );
  }, 120_000);

  it('data: ingested, listed, pulled in every format, deleted', async () => {
    const made = await json<{ version: string; note: string }>('data', 'ingest', 'mnist');
    expect(made.note).toContain('200 of 60,000 digits');
    expect(await good('data', 'list')).toContain(`mnist@${made.version}`);
    const stem = `mnist-${made.version}`;
    const pull = (...args: string[]) =>
      json<{ files: string[] }>('data', 'pull', 'mnist', '--out', out('pulled'), ...args);
    expect((await pull()).files).toEqual([out(`pulled/${stem}.npz`)]);
    const { files } = await pull('--format', 'parquet');
    expect(files.map((f) => f.slice(out('pulled/').length))).toEqual([`${stem}/train.parquet`, `${stem}/test.parquet`]);
    await pull('--format', 'imagefolder');
    expect(readdirSync(out(`pulled/${stem}/train`)).sort()).toEqual([...'0123456789']);
    const picture = out(`pulled/${stem}/train/3/${readdirSync(out(`pulled/${stem}/train/3`))[0]!}`);
    expect(await sharp(picture).metadata()).toMatchObject({ width: 28, height: 28, format: 'png' });

    await refused(2, /--format is 'npx'.*npz, parquet, imagefolder/, 'data', 'pull', 'mnist', '--format', 'npx');
    await refused(
      2,
      /synthetic-low-high holds no images: take --format npz or --format parquet/,
      ...['data', 'pull', 'synthetic-low-high', '--format', 'imagefolder', '--out', out('none')],
    );
    expect(existsSync(out('none'))).toBe(false);
    await refused(1, /cannot write to '\/proc\/nowhere'/, 'data', 'pull', 'mnist', '--out', '/proc/nowhere');
    await refused(2, /'mnist' that is or begins with 'ffff'\. There are: /, 'data', 'pull', 'mnist@ffff');

    expect(await good('data', 'delete', `mnist@${made.version}`)).toContain('nothing was deleted; add --yes');
    await good('data', 'delete', `mnist@${made.version.slice(0, 4)}`, '--yes');
    await until('it is gone', async () => !(await good('data', 'list')).includes(`mnist@${made.version}`));
  }, 180_000);

  it('runs: listed, shown, and refused what they cannot do', async () => {
    const runs = await json<Run[]>(
      'runs',
      'list',
      '--experiment',
      'linear-low-high',
      '--order',
      'seed',
      '--limit',
      '3',
    );
    expect(runs).toHaveLength(3);
    const { id } = runs[0]!;
    const shown = await good('runs', 'show', id.slice(0, 12));
    expect(shown).toMatch(new RegExp(`^run +${id}`));
    expect(shown).toMatch(/values of variants with --variants/);
    expect((await good('runs', 'show', id, '--variants')).split('\n').length).toBeGreaterThan(shown.split('\n').length);
    expect(await good('runs', 'watch', id)).toBe(`${id} succeeded\n`);
    expect(await good('runs', 'list', '--state', 'failed')).toBe('no such runs\n');
    await refused(1, /is SUCCEEDED already/, 'runs', 'cancel', id);
    await refused(1, /only a failed or cancelled run can be tried again/, 'runs', 'retry', id);
    await refused(2, /no method 'mixop'; did you mean 'mixup'/, 'runs', 'list', '--method', 'mixop');
    await refused(
      2,
      /no experiment 'linear'; did you mean 'linear-low-high'/,
      'runs',
      'list',
      '--experiment',
      'linear',
    );
    for (const wrong of ['dsv_41db7025', 'exp_41db7025', '41'])
      await refused(2, /is no run id: they look like run_1a2b3c4d/, 'runs', 'show', wrong);
    expect(await good('runs', 'delete', id)).toContain('nothing was deleted; add --yes');
    await good('runs', 'delete', id, '--yes');
    await until('it is gone', async () => !(await good('runs', 'list', '--limit', '200')).includes(id));
  }, 120_000);

  it('runs create: a run of a spec, whose own command line repeats it bit for bit on a fresh home', async () => {
    const spec = {
      data: { name: 'mnist', limit: 150 },
      model: { name: 'small-cnn', width: 4 },
      method: { name: 'mixup', alpha: 0.4 },
      optimizer: { weightDecay: 0.01 },
      epochs: 2,
      batchSize: 50,
      seed: 7,
    };
    writeFileSync(out('spec.json'), JSON.stringify(spec));
    interface Detail extends Run {
      readonly spec: { readonly data: { readonly version: string } };
      readonly reproduce: string;
      readonly metrics: readonly { readonly value: number | null }[];
      readonly artifacts: readonly { readonly name: string; readonly sha256: string }[];
    }
    const made = await json<Detail>('runs', 'create', '--spec', out('spec.json'));
    expect(made).toMatchObject({ state: 'SUCCEEDED', spec });
    expect(made.metrics.length).toBeGreaterThan(20);
    expect(made.reproduce).toMatch(/^npx minvar runs create --spec '\{"data":/);
    // as it is known already, nothing is trained
    expect(await json('runs', 'create', '--spec', out('spec.json'))).toMatchObject({ id: made.id, attempt: 1 });

    const other = temporaryHome();
    try {
      const again = spawn('sh', ['-c', `${made.reproduce} --json`], {
        cwd: root,
        env: { ...process.env, MINVAR_HOME: other.home, MINVAR_DATA_DIR: copies },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      let [stdout, stderr] = ['', ''];
      again.stdout.on('data', (d: Buffer) => (stdout += d.toString()));
      again.stderr.on('data', (d: Buffer) => (stderr += d.toString()));
      expect(await new Promise((done) => again.on('close', done)), stderr).toBe(0);
      const repeated = JSON.parse(stdout) as Detail;
      expect(repeated.id).toBe(made.id);
      expect(repeated.metrics).toEqual(made.metrics);
      const hashes = (d: Detail) =>
        d.artifacts.filter((a) => /safetensors|npy/.test(a.name)).map((a) => [a.name, a.sha256]);
      expect(hashes(made).length).toBeGreaterThan(4);
      expect(hashes(repeated)).toEqual(hashes(made));

      // the files of another folder give another version: not what the spec asks for
      writeCopy(join(other.home, 'mnist'), { 't10k-labels-idx1-ubyte': labels(50, 3) });
      const elsewhere = { ...made.spec, data: { ...made.spec.data, version: '0123456789ab' } };
      const wrong = ['runs', 'create', '--spec', JSON.stringify(elsewhere), '--data', 'mnist'];
      const r = await minvar(other.home, wrong, {}, other.home);
      expect(r).toMatchObject({ status: 2, stdout: '' });
      expect(r.stderr).toMatch(/the spec is on mnist@0123456789ab, but the files here give mnist@.*--data/);
    } finally {
      other.dispose();
    }
    await refused(2, /--spec '.*nowhere\.json' cannot be read/, 'runs', 'create', '--spec', out('nowhere.json'));
    await refused(2, /--spec is not JSON/, 'runs', 'create', '--spec', '{"data":');
    await refused(2, /data\.name: missing; known are/, 'runs', 'create', '--spec', '{}');
    const noModel = JSON.stringify({ ...spec, model: undefined });
    await refused(2, /model\.name: missing; known are .*small-cnn/, 'runs', 'create', '--spec', noModel);
  }, 180_000);

  it('a reader that goes away early is no failure', async () => {
    for (const args of ['results linear-low-high --preset ci --format csv', 'runs list --json', 'doctor']) {
      const child = spawn('bash', ['-c', `set -o pipefail; node apps/cli/bin/minvar.mjs ${args} | head -1`], {
        cwd: root,
        env: { ...process.env, MINVAR_HOME: home },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      let stderr = '';
      child.stderr.on('data', (d: Buffer) => (stderr += d.toString()));
      child.stdout.resume();
      expect(await new Promise((done) => child.on('close', done)), stderr).toBe(0);
    }
  }, 60_000);

  it('read-model rebuild: the same hash before and after', async () => {
    const r = await json<{ before: string; after: string; events: number }>('read-model', 'rebuild');
    expect(r.before).toMatch(/^[0-9a-f]{64}$/);
    expect(r.after).toBe(r.before);
    expect(r.events).toBeGreaterThan(20);
  }, 60_000);

  it('what follows a laboratory that runs by itself can be interrupted: it says that the work goes on there', async () => {
    const long = ['--preset', 'ci', '--seeds', '1', '--set', 'data.limit=200', '--set', 'epochs=5000'];
    const run = startMinvar(home, ['experiment', 'run', 'spurious-colour', ...long]);
    const id = await until('a run', async () => (await json<Run[]>('runs', 'list', '--state', 'RUNNING'))[0]?.id);
    const watch = startMinvar(home, ['runs', 'watch', id]);
    await until('the watch is on', () => /info/.test(watch.stderr()));
    for (const started of [run, watch]) {
      const at = performance.now();
      started.child.kill('SIGINT');
      const ended = await started.done;
      expect(ended.status, ended.stderr).toBe(130);
      expect(ended.stderr).toContain(`the laboratory at ${lab.url} goes on with it`);
      expect(performance.now() - at).toBeLessThan(5000);
    }
    await refused(1, /is RUNNING; cancel it first/, 'runs', 'delete', id, '--yes');
    for (const state of ['QUEUED', 'RUNNING', 'CLAIMED'])
      for (const r of await json<Run[]>('runs', 'list', '--state', state)) await minvar(home, ['runs', 'cancel', r.id]);
    const ended = await minvar(home, ['runs', 'watch', id]);
    expect(ended).toMatchObject({ status: 1, stdout: `${id} cancelled\n` });
    expect((await json<Run>('runs', 'retry', id)).attempt).toBe(2);
    await good('runs', 'cancel', id);
  }, 180_000);

  it('--server uses that gateway and makes no home; --data is for a laboratory that the command starts', async () => {
    const other = temporaryHome();
    try {
      const there = await minvar(other.home, ['experiment', 'list', '--server', `${lab.url}/`]);
      expect(there).toMatchObject({ status: 0, stdout: await good('experiment', 'list') });
      const wrong = await minvar(other.home, ['results', 'x', '--server', lab.url, '--data', copies]);
      expect(wrong).toMatchObject({ status: 2, stdout: '' });
      expect(wrong.stderr).toMatch(/--data is .*has a data folder of its own: leave --data out/);
      expect(readdirSync(other.home)).toEqual([]);

      const none = await minvar(other.home, ['data', 'ingest', 'mnist', '--data', 'not/there']);
      expect(none).toMatchObject({ status: 2, stdout: '' });
      expect(none.stderr).toMatch(/--data 'not\/there' cannot be read/);

      // relative ones count from the caller's directory
      const ingest = ['data', 'ingest', 'mnist', '--data', 'copies', '--json'];
      const made = await minvar(other.home, ingest, {}, scratch.home);
      expect(made.status, made.stderr).toBe(0);
      expect((JSON.parse(made.stdout) as { note: string }).note).toContain('200 of 60,000 digits');
    } finally {
      other.dispose();
    }
    // the laboratory that runs here reads `copies`: the same folder is fine, another one is not
    await good('data', 'list', '--data', copies);
    await refused(
      2,
      /--data is '\/tmp', but the laboratory that runs on .*reads .*copies/,
      'data',
      'list',
      '--data',
      '/tmp',
    );
  }, 120_000);

  it('up: one line when ready, a second one on the same home is refused, ctrl-C ends it within seconds and frees the home', async () => {
    await refused(1, /a laboratory runs on .* already \(process \d+\), at http/, 'up', '--port', '0');
    const other = temporaryHome();
    try {
      const own = await startLaboratory(other.home);
      expect(own.running.stdout()).toBe(`minvar ready ${own.url}\n`);
      const at = performance.now();
      const ended = await own.stop();
      expect(ended).toMatchObject({ status: 130, stdout: `minvar ready ${own.url}\n` });
      expect(performance.now() - at).toBeLessThan(10_000);
      expect(existsSync(join(other.home, 'lab.json'))).toBe(false);
      const doctor = await minvar(other.home, ['doctor', '--json']);
      expect(doctor.status, doctor.stdout).toBe(0);
    } finally {
      other.dispose();
    }
  }, 120_000);

  it('experiment delete: first what would go, then it goes', async () => {
    await until('nothing runs', async () => (await json<Run[]>('runs', 'list', '--state', 'RUNNING')).length === 0);
    expect(await good('experiment', 'delete', 'linear-low-high')).toMatch(
      /^would delete experiment linear-low-high: \d+ objects/,
    );
    await good('experiment', 'delete', 'linear-low-high', '--yes');
    await until(
      'it is gone',
      async () => (await json<Run[]>('runs', 'list', '--experiment', 'linear-low-high')).length === 0,
    );
    await refused(1, /has no results at preset 'ci'; /, 'results', 'linear-low-high', '--preset', 'ci');
  }, 60_000);

  it('gc: a dry run says what would go, then it goes, and what is young or named stays', async () => {
    const folder = join(home, 'objects/analyses/an_of-nobody/tables');
    mkdirSync(folder, { recursive: true });
    const [old, young] = [join(folder, 'old.parquet'), join(folder, 'young.parquet')];
    for (const file of [old, young]) writeFileSync(file, 'PAR1');
    const longAgo = new Date(Date.now() - 48 * 3_600_000);
    utimesSync(old, longAgo, longAgo);
    const dry = await json<{ objects: number; bytes: number; keys: string[]; kept: { objects: number } }>(
      'gc',
      '--dry-run',
    );
    expect(dry).toMatchObject({ objects: 1, bytes: 4, keys: ['analyses/an_of-nobody/tables/old.parquet'] });
    expect(dry.kept.objects).toBeGreaterThan(20);
    expect(await good('gc', '--dry-run', '--grace', '47')).toMatch(
      /^ {2}1 object, 4 B of analyses\nwould remove 1 object, 4 B; \d+ objects, .* stay\nnothing was removed; /,
    );
    expect(existsSync(old)).toBe(true);
    expect(await good('gc')).toContain('removed 1 object, 4 B; ');
    expect([existsSync(old), existsSync(young)]).toEqual([false, true]);
    expect(await json('gc')).toMatchObject({ dryRun: false, objects: 0, bytes: 0, keys: [] });
    await refused(2, /--grace is '0', but a whole number from 1 to 8760 is needed/, 'gc', '--grace', '0');
  }, 60_000);
});
