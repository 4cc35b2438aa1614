import { describe, expect, it } from 'vitest';
import { childEnvironment } from './environment';

describe('environment of the TensorFlow child', () => {
  it('is what the supervisor set', () => {
    expect(
      childEnvironment({ TF_NUM_INTRAOP_THREADS: '1', TF_NUM_INTEROP_THREADS: '2', TF_DETERMINISTIC_OPS: '1' }),
    ).toEqual({ intraOpThreads: 1, interOpThreads: 2, deterministic: true });
    expect(childEnvironment({}).deterministic).toBe(false);
  });

  it('names every bad variable', () => {
    expect(() => childEnvironment({ TF_NUM_INTRAOP_THREADS: 'two', TF_NUM_INTEROP_THREADS: '0' })).toThrow(
      /TF_NUM_INTRAOP_THREADS is 'two'.*TF_NUM_INTEROP_THREADS is '0'/s,
    );
  });
});
