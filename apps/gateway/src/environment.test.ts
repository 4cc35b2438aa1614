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

describe('the gateway’s environment', () => {
  it('has defaults, and one home unless servers are named', () => {
    expect(readEnvironment({ MINVAR_HOME: '/h' })).toEqual({
      home: '/h',
      servers: null,
      port: 4000,
      host: '127.0.0.1',
      token: null,
      logLevel: 'info',
    });
  });

  it('wants PostgreSQL beside Kafka and S3, under a password of one’s own', () => {
    expect(() => readEnvironment(servers)).toThrow(/MINVAR_POSTGRES_URL: not set, although MINVAR_KAFKA_BROKERS/);
    const url = (password: string) => ({
      ...servers,
      MINVAR_POSTGRES_URL: `postgresql://minvar:${password}@db/minvar`,
    });
    expect(() => readEnvironment(url('postgres'))).toThrow(/default password/);
    expect(readEnvironment(url('hunter4')).servers?.postgresUrl).toContain('@db/minvar');
  });

  it('names every bad variable at once, without the token', () => {
    const read = () => readEnvironment({ MINVAR_PORT: '99999', MINVAR_TOKEN: 'hunter2' });
    expect(read).toThrow(/MINVAR_PORT is '99999'.*MINVAR_TOKEN is set/s);
    expect(read).not.toThrow(/hunter2/);
  });
});
