import { describe, expect, it } from 'vitest';
import { readEnvironment } from './environment';

describe('the environment', () => {
  it('names all problems at once, each with the value and what is allowed', () => {
    const wrong = { MINVAR_PORT: '70000', MINVAR_SLOTS: 'many', MINVAR_LOG_LEVEL: 'loud', MINVAR_SERVER: 'localhost' };
    expect(() => readEnvironment(wrong, '/tmp')).toThrow(
      expect.objectContaining({
        name: 'UsageError',
        message: expect.stringMatching(/MINVAR_PORT is '70000'[^]*MINVAR_SERVER|MINVAR_SERVER[^]*MINVAR_PORT/),
      }),
    );
    try {
      readEnvironment(wrong, '/tmp');
    } catch (e) {
      for (const name of Object.keys(wrong)) expect((e as Error).message).toContain(name);
    }
  });

  it('refuses some of the servers without the others', () => {
    expect(() => readEnvironment({ MINVAR_KAFKA_BROKERS: 'localhost:9092' }, '/tmp')).toThrow(
      /MINVAR_S3_ENDPOINT.*MINVAR_POSTGRES_URL: not set, although MINVAR_KAFKA_BROKERS/,
    );
    expect(readEnvironment({}, '/tmp').servers).toBeNull();
  });

  it('counts relative folders from the caller’s directory, also under npm, which changes it', () => {
    const npm = { npm_lifecycle_event: 'start', INIT_CWD: '/home/me/lab', MINVAR_DATA_DIR: 'data' };
    expect(readEnvironment(npm, '/repo').dataDir).toBe('/home/me/lab/data');
    expect(readEnvironment({ INIT_CWD: '/home/me/lab', MINVAR_DATA_DIR: 'data' }, '/elsewhere').dataDir).toBe(
      '/elsewhere/data',
    );
  });

  it('keeps everything in $XDG_DATA_HOME/minvar unless told otherwise; an empty variable counts as unset', () => {
    expect(readEnvironment({ XDG_DATA_HOME: '/data', MINVAR_HOME: '' }, '/tmp').home).toBe('/data/minvar');
    expect(readEnvironment({ XDG_DATA_HOME: '/data', MINVAR_HOME: '/lab' }, '/tmp').home).toBe('/lab');
  });
});
