import '../testing/quiet';
import { spawnSync } from 'node:child_process';
import { fingerprint as fingerprintSchema } from '@minvar/contracts';
import { describe, expect, it } from 'vitest';
import { tensorflowEnvironment } from './environment';
import { fingerprint } from './fingerprint';

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
