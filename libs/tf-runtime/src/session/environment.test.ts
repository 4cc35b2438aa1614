import '../testing/quiet';
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { fingerprint as fingerprintSchema } from '@minvar/contracts';
import { build } from 'esbuild';
import { describe, expect, it } from 'vitest';
import { tensorflowEnvironment } from './environment';
import { fingerprint } from './fingerprint';

/** A program of this folder in one file, from which packages are found. */
async function bundled(contents: string): Promise<string> {
  const root = join(import.meta.dirname, '../../../..');
  const outfile = join(root, 'node_modules/.cache', `minvar-environment-${process.pid}.mjs`);
  await build({
    ...{ stdin: { contents, resolveDir: import.meta.dirname, loader: 'ts' }, outfile, bundle: true },
    ...{ platform: 'node', format: 'esm', target: 'node20', logLevel: 'error', external: ['@tensorflow/*'] },
    banner: { js: "import { createRequire as make } from 'node:module'; const require = make(import.meta.url);" },
  });
  return outfile;
}

const settings = { intraOpThreads: 2, interOpThreads: 1, deterministic: false };

describe('the environment of a process that loads TensorFlow', () => {
  it('carries threads and determinism as the library reads them', () => {
    expect(tensorflowEnvironment(settings)).toMatchObject({ TF_NUM_INTRAOP_THREADS: '2', TF_NUM_INTEROP_THREADS: '1' });
    expect(tensorflowEnvironment(settings)).not.toHaveProperty('TF_DETERMINISTIC_OPS');
    expect(tensorflowEnvironment({ ...settings, deterministic: true })).toHaveProperty('TF_DETERMINISTIC_OPS', '1');
  });

  it('refuses a number of threads that is none', () => {
    expect(() => tensorflowEnvironment({ ...settings, intraOpThreads: 0 })).toThrow(
      'intraOpThreads is 0; it should be 1, 2, …',
    );
  });

  it('for a GPU has only flags that XLA knows', async () => {
    const gpu = { model: 'GPU', driver: 'unknown', cudaDataDir: '/nowhere' };
    const { XLA_FLAGS } = tensorflowEnvironment(settings, { gpu, idleCard: null });
    // Flags are read when something is compiled for the first time.
    const compiling = await bundled(`
      import { add, compileSignature, constant, input, program } from '@minvar/graph';
      import { openSession } from './open-session';
      const x = input('x', 'float32', []);
      const plain = program({ signatures: { sum: { inputs: { x }, outputs: { y: add(x, constant(2)) } } } });
      const session = openSession({ program: compileSignature(plain, 'sum', { xla: true, steps: null }) });
      console.log(session.run('sum', { x: 1 }).y.data[0]);`);
    try {
      const run = (flags: string) =>
        spawnSync(process.execPath, [compiling], { encoding: 'utf8', env: { ...process.env, XLA_FLAGS: flags } });
      const good = run(XLA_FLAGS!);
      expect([good.stdout, good.status], good.stderr).toEqual(['3\n', 0]);
      const bad = run('--xla_no_such_flag=1');
      expect(bad.status).not.toBe(0);
      expect(bad.stderr).toContain('--xla_no_such_flag');
    } finally {
      rmSync(compiling);
    }
  });

  it('leaves the library only the two lines that no setting silences', () => {
    const load =
      "require('node:util').isNullOrUndefined ??= (x) => x == null; require('@tensorflow/tfjs-node-gpu').scalar(1).square().print()";
    const { stderr, status } = spawnSync(process.execPath, ['-e', load], {
      encoding: 'utf8',
      env: { ...process.env, ...tensorflowEnvironment(settings) },
    });
    expect(status).toBe(0);
    const known = /^WARNING: All log messages before absl::InitializeLog|oneDNN custom operations are on/;
    expect(stderr.split('\n').filter((line) => line !== '' && !known.test(line))).toEqual([]);
  });
});

describe('a fingerprint', () => {
  it('names library, build, device, instruction set and settings', () => {
    const found = fingerprint(settings);
    expect(fingerprintSchema.parse(found)).toEqual(found);
    expect(found).toMatchObject({ tensorflow: '2.21.0', ...settings });
    expect(found.build).toMatch(/^tensorflow.*2\.21\.0.*\//);
    expect(found.instructionSet).toContain(process.arch);
  });
});
