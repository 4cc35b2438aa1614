import { describe, expect, it } from 'vitest';
import { readEnvironment } from './environment';

describe('the trainer’s environment', () => {
  it('has defaults for all but the home, and hands runners what they need and nothing else', () => {
    const read = readEnvironment({ MINVAR_HOME: '/h', PATH: '/bin', MINVAR_CACHE: '', MINVAR_TOKEN: 'hunter2' });
    expect(read).toMatchObject({ home: '/h', leaseSeconds: 30, logLevel: 'info' });
    expect(read.forRunners).toEqual({
      MINVAR_HOME: '/h',
      PATH: '/bin',
      MINVAR_LOG_LEVEL: 'info',
      MINVAR_LEASE_SECONDS: '30',
    });
  });

  it('names every bad variable at once', () => {
    expect(() => readEnvironment({ MINVAR_SLOTS: '0', MINVAR_LEASE_SECONDS: '0.5' })).toThrow(
      /MINVAR_HOME is not set.*MINVAR_SLOTS is '0', but .* from 1 to 1024.*MINVAR_LEASE_SECONDS is '0.5'/s,
    );
  });
});
