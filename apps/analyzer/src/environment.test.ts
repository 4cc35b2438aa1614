import { describe, expect, it } from 'vitest';
import { readEnvironment } from './environment';

describe('the environment', () => {
  it('has defaults, and empty variables count as unset', () => {
    expect(readEnvironment({ XDG_DATA_HOME: '/data', MINVAR_HOME: '' })).toMatchObject({
      home: '/data/minvar',
      logLevel: 'info',
    });
  });
  it('names every bad variable at once', () => {
    expect(() => readEnvironment({ MINVAR_LOG_LEVEL: 'loud', MINVAR_KAFKA_BROKERS: 'k:9092' })).toThrow(
      /MINVAR_LOG_LEVEL is 'loud'.*\n.*MINVAR_KAFKA_BROKERS is 'k:9092', but this release has no adapter/,
    );
  });
});
