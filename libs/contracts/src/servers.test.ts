import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { ConfigurationError, readVariables } from './configuration';
import { serverProblems, serversOf, serverVariables } from './servers';

const all = {
  MINVAR_KAFKA_BROKERS: 'kafka-1:9092, [::1]:9093',
  MINVAR_S3_ENDPOINT: 'http://127.0.0.1:9000',
  MINVAR_S3_BUCKET: 'minvar-lab',
  MINVAR_S3_ACCESS_KEY: 'writer',
  MINVAR_S3_SECRET_KEY: 'a-long-secret',
  MINVAR_S3_READ_ACCESS_KEY: 'reader',
  MINVAR_S3_READ_SECRET_KEY: 'another-secret',
  MINVAR_POSTGRES_URL: 'postgresql://minvar:s3cr3t-word@db:5432/minvar',
};
const without = (...names: (keyof typeof all)[]): Record<string, string> =>
  Object.fromEntries(Object.entries(all).filter(([n]) => !(names as string[]).includes(n)));

const read = (env: Record<string, string>, needs: 'read-model' | 'log-and-store' = 'read-model') =>
  serversOf(readVariables(z.object(serverVariables), env, serverProblems(needs)));

function problemsOf(env: Record<string, string>, needs?: 'read-model' | 'log-and-store'): readonly string[] {
  try {
    read(env, needs);
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigurationError);
    return (error as ConfigurationError).problems;
  }
  return [];
}

describe('the servers of a configuration', () => {
  it('are none when none is named', () => expect(read({})).toBeNull());

  it('are read, links going to the endpoint itself unless a public one is named', () => {
    expect(read(all)).toMatchObject({
      kafka: { brokers: ['kafka-1:9092', '[::1]:9093'] },
      s3: { bucket: 'minvar-lab', publicEndpoint: 'http://127.0.0.1:9000', readAccessKey: 'reader' },
      postgresUrl: all.MINVAR_POSTGRES_URL,
    });
    const { s3 } = read({ ...all, MINVAR_S3_PUBLIC_ENDPOINT: 'https://data.example.org' })!;
    expect(s3).toMatchObject({ endpoint: all.MINVAR_S3_ENDPOINT, publicEndpoint: 'https://data.example.org' });
  });

  it('need no PostgreSQL where no read model is kept', () => {
    expect(read(without('MINVAR_POSTGRES_URL'), 'log-and-store')).toMatchObject({ postgresUrl: null });
    expect(problemsOf(without('MINVAR_POSTGRES_URL'))).toEqual([
      expect.stringMatching(/^MINVAR_POSTGRES_URL: not set/),
    ]);
  });

  it('are refused as any other mixture, with what is missing', () => {
    expect(problemsOf({ MINVAR_POSTGRES_URL: all.MINVAR_POSTGRES_URL }, 'log-and-store')).toEqual([
      expect.stringMatching(/^MINVAR_KAFKA_BROKERS, MINVAR_S3_ENDPOINT, .* not set, although MINVAR_POSTGRES_URL:/),
    ]);
    expect(problemsOf(without('MINVAR_S3_BUCKET', 'MINVAR_S3_READ_SECRET_KEY'))).toEqual([
      expect.stringMatching(/^MINVAR_S3_BUCKET, MINVAR_S3_READ_SECRET_KEY: not set/),
    ]);
  });

  it('are refused with secrets that everybody knows, and with a key for links that may write; no secret is shown', () => {
    const problems = problemsOf({
      ...all,
      MINVAR_S3_SECRET_KEY: 'minioadmin',
      MINVAR_S3_READ_ACCESS_KEY: 'writer',
      MINVAR_POSTGRES_URL: 'postgresql://postgres:postgres@db/minvar',
    });
    expect(problems).toEqual([
      'MINVAR_S3_SECRET_KEY is a default that everybody knows: choose another',
      'MINVAR_POSTGRES_URL has a default password that everybody knows: choose another',
      'MINVAR_S3_READ_ACCESS_KEY is MINVAR_S3_ACCESS_KEY, but links carry it: make a key that may only read',
    ]);
  });

  it('are refused with addresses that are none', () => {
    expect(
      problemsOf({
        ...all,
        MINVAR_KAFKA_BROKERS: 'kafka',
        MINVAR_S3_ENDPOINT: 'http://s3/bucket',
        MINVAR_POSTGRES_URL: 'mysql://root:hidden-one@db',
      }).join('\n'),
    ).toBe(
      [
        "MINVAR_KAFKA_BROKERS is 'kafka', but addresses of Kafka brokers look like kafka-1:9092,kafka-2:9092",
        "MINVAR_S3_ENDPOINT is 'http://s3/bucket', but an S3 endpoint looks like http://127.0.0.1:9000, without a path",
        "MINVAR_POSTGRES_URL is 'mysql://[hidden]@db', but the address of PostgreSQL looks like postgresql://user:password@127.0.0.1:5432/minvar",
      ].join('\n'),
    );
  });
});
