import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { graphql, minvar, startLaboratory, temporaryHome } from '../e2e/support';
import { idx, images, labels, writeCopy } from './idx-files';

const { home, dispose } = temporaryHome();
const copies = temporaryHome();
const dir = join(copies.home, 'mnist');
const trainImages = 'train-images-idx3-ubyte';
const trainLabels = 'train-labels-idx1-ubyte';
let lab: Awaited<ReturnType<typeof startLaboratory>>;

const below = (folder: string): string[] =>
  existsSync(folder)
    ? readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((f) => statSync(join(folder, f)).isFile())
    : [];

/** What an ingest may not leave: versions, staged objects, commands taken, unpacked arrays, partial downloads. */
const leftovers = (): string[] => [
  ...below(join(home, 'objects')).filter((f) => /^(datasets|blobs|uploads|\.tmp)\//.test(f)),
  ...below(join(home, 'cache')),
  ...below(join(home, 'scratch')),
];

const cases: readonly [string, Record<string, Buffer | null>, RegExp][] = [
  [
    'cut in its data',
    { [trainImages]: images(200).subarray(0, 100_000) },
    /train-images-idx3-ubyte, offset 100000: .*truncated.*99984 are there/,
  ],
  [
    'cut in its header',
    { [trainImages]: images(200).subarray(0, 9) },
    /train-images-idx3-ubyte, offset 9: the file ends inside its header/,
  ],
  ['empty', { [trainLabels]: Buffer.alloc(0) }, /train-labels-idx1-ubyte, offset 0: the file ends inside its header/],
  [
    'cut in its gzip stream',
    { [trainImages]: null, [`${trainImages}.gz`]: gzipSync(images(200)).subarray(0, 500) },
    /train-images-idx3-ubyte\.gz: its 500 bytes are no whole gzip stream/,
  ],
  [
    'a gzip bomb',
    { [trainImages]: null, [`${trainImages}.gz`]: gzipSync(Buffer.alloc(90_000_000)) },
    /train-images-idx3-ubyte\.gz: it unpacks to more than 78400016 bytes/,
  ],
  [
    'a claim of four thousand million images',
    { [trainImages]: idx(0x803, [0xffffffff, 28, 28], Buffer.alloc(784)) },
    /train-images-idx3-ubyte, offset 4: it claims 4294967295 examples/,
  ],
  [
    'images of another shape',
    { [trainImages]: idx(0x803, [200, 56, 14], Buffer.alloc(200 * 784)) },
    /train-images-idx3-ubyte, offset 8: dimension 1 is 56, expected 28/,
  ],
  [
    'labels under the name of images',
    { [trainImages]: labels(200) },
    /train-images-idx3-ubyte, offset 0: magic number 0x00000801, but images begin with 0x00000803/,
  ],
  [
    'a label that is no class',
    { [trainLabels]: idx(0x801, [200], new Uint8Array(200).fill(10, 150, 151)) },
    /train-labels-idx1-ubyte, offset 158: label 10/,
  ],
  [
    'fewer labels than images',
    { [trainLabels]: labels(199) },
    /train-labels-idx1-ubyte, offset 4: it holds 199 labels, but .* holds 200 images/,
  ],
  [
    'bytes behind its end',
    { [trainImages]: Buffer.concat([images(200), Buffer.from('more')]) },
    /train-images-idx3-ubyte, offset 156816: 4 bytes follow/,
  ],
  [
    'another program’s file',
    { [trainImages]: Buffer.from('\x80\x04\x95cposix\nsystem\nq\x00X\x02\x00\x00\x00idq\x01.') },
    /train-images-idx3-ubyte, offset 0: magic number/,
  ],
  [
    'one file of a foreign copy without the others',
    { [trainLabels]: null },
    /not the official file, and train-labels-idx1-ubyte\.gz is not there/,
  ],
];

describe('broken and hostile data files', () => {
  beforeAll(async () => {
    writeCopy(dir);
    lab = await startLaboratory(home, { MINVAR_DATA_DIR: dir });
  }, 120_000);
  afterAll(async () => {
    await lab.stop();
    dispose();
    copies.dispose();
  });

  it.each(cases)(
    '%s: one message with file and offset, exit 1, nothing left behind',
    async (_, changes, message) => {
      writeCopy(dir, changes);
      const r = await minvar(home, ['data', 'ingest', 'mnist', '--json']);
      expect(r.stderr).toMatch(message);
      expect(r).toMatchObject({ status: 1, stdout: '' });
      expect(r.stderr).not.toMatch(/^\s+at /m);
      expect(leftovers()).toEqual([]);
    },
    60_000,
  );

  it('fail the experiment that needs them, with their message', async () => {
    writeCopy(dir, { [trainImages]: images(200).subarray(0, 100_000) });
    const r = await minvar(home, ['experiment', 'run', 'spurious-colour', '--preset', 'ci', '--seeds', '1']);
    expect(r.status, r.stderr).toBe(1);
    expect((r.stdout + r.stderr).replace(/\s+/g, ' ')).toMatch(
      /train-images-idx3-ubyte, offset 100000: the file is truncated/,
    );
    const { data } = await graphql<{ experiment: { presets: string[] } }>(
      lab.url,
      '{ experiment(name: "spurious-colour") { presets } }',
    );
    const preset = data.experiment.presets.find((p) => p.startsWith('ci+'));
    const state = await graphql<{ experiment: { state: string } }>(
      lab.url,
      'query ($preset: String!) { experiment(name: "spurious-colour") { state(preset: $preset) } }',
      { preset },
    );
    expect(state.data.experiment.state).toBe('FAILED');
    expect(leftovers()).toEqual([]);
  }, 60_000);

  it('hold nothing up: a whole copy in their place is taken at once, and says what it is', async () => {
    writeCopy(dir);
    const r = await minvar(home, ['data', 'ingest', 'mnist', '--json']);
    expect(r.status, r.stderr).toBe(0);
    const version = JSON.parse(r.stdout) as { note: string; splits: { name: string; examples: number }[] };
    expect(version.splits.map((s) => [s.name, s.examples])).toEqual(
      expect.arrayContaining([
        ['train', 200],
        ['test', 50],
      ]),
    );
    expect(version.note).toMatch(/200 of 60,000 digits, not the official file/);
  }, 60_000);
});

describe('a data folder that is not there', () => {
  it('is named, with the way out', async () => {
    const other = temporaryHome();
    try {
      const r = await minvar(other.home, ['data', 'ingest', 'mnist'], { MINVAR_DATA_DIR: '/nowhere/at/all' });
      expect(r.status).toBe(1);
      expect(r.stderr).toMatch(/the data folder '\/nowhere\/at\/all' can't be read .*--data \(MINVAR_DATA_DIR\)/);
    } finally {
      other.dispose();
    }
  }, 60_000);
});
