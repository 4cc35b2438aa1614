import { describe, expect, it } from 'vitest';
import { readEnvironment } from './environment';

describe('the environment', () => {
  it('has defaults, and empty variables count as unset', () => {
    expect(readEnvironment({ XDG_DATA_HOME: '/data', MINVAR_HOME: '', MINVAR_CACHE: '/cache' })).toMatchObject({
      home: '/data/minvar',
      cache: '/cache',
      logLevel: 'info',
    });
  });
  it('names every bad variable at once, and what else the servers that are named need', () => {
    const wrong = { MINVAR_LOG_LEVEL: 'loud', MINVAR_PORT: 'x', MINVAR_KAFKA_BROKERS: 'k:9092' };
    expect(() => readEnvironment(wrong)).toThrow(
      /MINVAR_PORT is 'x'.*\n.*MINVAR_LOG_LEVEL is 'loud'.*\n.*MINVAR_S3_ENDPOINT, .*not set, although MINVAR_KAFKA_BROKERS/,
    );
  });
});
