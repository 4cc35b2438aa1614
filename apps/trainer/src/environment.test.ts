import { describe, expect, it } from 'vitest';
import { readEnvironment } from './environment';

const servers = {
  MINVAR_KAFKA_BROKERS: 'k1:9092, k2:9092',
  MINVAR_S3_ENDPOINT: 'http://s3:9000',
  MINVAR_S3_BUCKET: 'minvar',
  MINVAR_S3_ACCESS_KEY: 'writer',
  MINVAR_S3_SECRET_KEY: 'hunter2-hunter2',
  MINVAR_S3_READ_ACCESS_KEY: 'reader',
  MINVAR_S3_READ_SECRET_KEY: 'hunter3-hunter3',
};

describe('the trainer’s environment', () => {
  it('has defaults, and hands runners what they need and nothing else', () => {
    const read = readEnvironment({ MINVAR_HOME: '/h', PATH: '/bin', MINVAR_CACHE: '', MINVAR_TOKEN: 'hunter2' });
    expect(read).toMatchObject({ home: '/h', leaseSeconds: 30, logLevel: 'info' });
    expect(read.forRunners).toEqual({
      MINVAR_HOME: '/h',
      PATH: '/bin',
      MINVAR_LOG_LEVEL: 'info',
      MINVAR_LEASE_SECONDS: '30',
      MINVAR_CHECKPOINT_SECONDS: '300',
    });
  });

  it('hands runners the servers, but not the read model’s', () => {
    const url = 'postgresql://minvar:hunter2@db/minvar';
    const read = readEnvironment({ ...servers, MINVAR_HOME: '/h', MINVAR_POSTGRES_URL: url });
    expect(read.servers).toMatchObject({ kafka: { brokers: ['k1:9092', 'k2:9092'] }, postgresUrl: url });
    expect(read.forRunners).toMatchObject(servers);
    expect(read.forRunners).not.toHaveProperty('MINVAR_POSTGRES_URL');
  });

  it('names every bad variable at once', () => {
    expect(() => readEnvironment({ MINVAR_SLOTS: '0', MINVAR_LEASE_SECONDS: '0.5' })).toThrow(
      /MINVAR_SLOTS is '0', but .* from 1 to 1024.*MINVAR_LEASE_SECONDS is '0.5'/s,
    );
  });
});
