import { resolve } from 'node:path';
import { z } from 'zod';
import type { LogLevel } from './configuration';
import { common, given, text, usualFolders } from './configuration';

/** The servers that keep, for services on many machines, what a home keeps on one. */
export interface Servers {
  readonly kafka: { readonly brokers: readonly string[] };
  readonly s3: S3Settings;
  /** null where no read model is kept: every service but the gateway */
  readonly postgresUrl: string | null;
}

export interface S3Settings {
  readonly endpoint: string;
  /** under which browsers and notebooks reach the store; links are signed for it */
  readonly publicEndpoint: string;
  readonly bucket: string;
  readonly accessKey: string;
  readonly secretKey: string;
  /** a key that may only read: every link carries its id */
  readonly readAccessKey: string;
  readonly readSecretKey: string;
}

const hostAndPort = /^(\[[0-9a-fA-F:]+\]|[\w.-]+):\d{1,5}$/;
const brokersError = 'addresses of Kafka brokers look like kafka-1:9092,kafka-2:9092';
const endpointError = 'an S3 endpoint looks like http://127.0.0.1:9000, without a path';
const isEndpoint = (s: string): boolean =>
  URL.canParse(s) && /^https?:$/.test(new URL(s).protocol) && ['', '/'].includes(new URL(s).pathname);
const endpoint = z.string().refine(isEndpoint, { error: endpointError });

/** The variables that name them; `serverProblems` says which belong together. */
export const serverVariables = {
  MINVAR_KAFKA_BROKERS: z
    .string()
    .transform((s) => s.split(',').map((b) => b.trim()))
    .refine((all) => all.every((b) => hostAndPort.test(b)), { error: brokersError })
    .optional(),
  MINVAR_S3_ENDPOINT: endpoint.optional(),
  MINVAR_S3_PUBLIC_ENDPOINT: endpoint.optional(),
  MINVAR_S3_BUCKET: z
    .string()
    .regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, {
      error: 'a bucket has 3 to 63 small letters, digits, dots and hyphens',
    })
    .optional(),
  MINVAR_S3_ACCESS_KEY: text('an access key', 3).optional(),
  MINVAR_S3_SECRET_KEY: text('a secret key', 8).optional(),
  MINVAR_S3_READ_ACCESS_KEY: text('an access key', 3).optional(),
  MINVAR_S3_READ_SECRET_KEY: text('a secret key', 8).optional(),
  MINVAR_POSTGRES_URL: z
    .string()
    .refine((s) => URL.canParse(s) && /^postgres(ql)?:$/.test(new URL(s).protocol), {
      error: 'the address of PostgreSQL looks like postgresql://user:password@127.0.0.1:5432/minvar',
    })
    .optional(),
} as const;

type ServerVariables = { readonly [K in keyof typeof serverVariables]?: z.output<(typeof serverVariables)[K]> };

const s3Names = [
  'MINVAR_S3_ENDPOINT',
  'MINVAR_S3_BUCKET',
  'MINVAR_S3_ACCESS_KEY',
  'MINVAR_S3_SECRET_KEY',
  'MINVAR_S3_READ_ACCESS_KEY',
  'MINVAR_S3_READ_SECRET_KEY',
] as const;
const secrets = ['MINVAR_S3_SECRET_KEY', 'MINVAR_S3_READ_SECRET_KEY', 'MINVAR_S3_ACCESS_KEY'] as const;
/** What servers and examples come with: known to everybody. */
const wellKnown = new Set(['minioadmin', 'minio', 'minio123', 'admin', 'password', 'changeme', 'secret', 'postgres']);

/**
 * Which of them belong together: all of Kafka, S3 and, for whoever keeps a read model, PostgreSQL, or none. A problem a line, as
 * `readVariables` takes them in its third argument.
 */
export const serverProblems =
  (needs: 'read-model' | 'log-and-store') =>
  (set: Readonly<Record<string, string>>): string[] => {
    const named = Object.keys(serverVariables).filter((n) => n in set);
    if (named.length === 0) return [];
    const required = [
      'MINVAR_KAFKA_BROKERS',
      ...s3Names,
      ...(needs === 'read-model' ? (['MINVAR_POSTGRES_URL'] as const) : []),
    ];
    const missing = required.filter((n) => !(n in set));
    const problems =
      missing.length > 0
        ? [
            `${missing.join(', ')}: not set, although ${named.join(', ')}: set all of them, or none to keep everything in one home`,
          ]
        : [];
    for (const name of secrets)
      if (wellKnown.has(set[name]?.toLowerCase() ?? ''))
        problems.push(`${name} is a default that everybody knows: choose another`);
    const url = set['MINVAR_POSTGRES_URL'];
    if (url && URL.canParse(url) && wellKnown.has(new URL(url).password.toLowerCase()))
      problems.push('MINVAR_POSTGRES_URL has a default password that everybody knows: choose another');
    if ('MINVAR_S3_ACCESS_KEY' in set && set['MINVAR_S3_ACCESS_KEY'] === set['MINVAR_S3_READ_ACCESS_KEY'])
      problems.push(
        'MINVAR_S3_READ_ACCESS_KEY is MINVAR_S3_ACCESS_KEY, but links carry it: make a key that may only read',
      );
    return problems;
  };

/** The servers that are named; null: none, everything lies in one home. Only after `serverProblems` found nothing. */
export function serversOf(e: ServerVariables): Servers | null {
  if (!e.MINVAR_KAFKA_BROKERS) return null;
  const endpoint = e.MINVAR_S3_ENDPOINT!;
  return {
    kafka: { brokers: e.MINVAR_KAFKA_BROKERS },
    s3: {
      endpoint,
      publicEndpoint: e.MINVAR_S3_PUBLIC_ENDPOINT ?? endpoint,
      bucket: e.MINVAR_S3_BUCKET!,
      accessKey: e.MINVAR_S3_ACCESS_KEY!,
      secretKey: e.MINVAR_S3_SECRET_KEY!,
      readAccessKey: e.MINVAR_S3_READ_ACCESS_KEY!,
      readSecretKey: e.MINVAR_S3_READ_SECRET_KEY!,
    },
    postgresUrl: e.MINVAR_POSTGRES_URL ?? null,
  };
}

/** What of an environment runners need to open log and objects for themselves: everything but the read model. */
export const serversForRunners = (env: Readonly<Record<string, string | undefined>>): Record<string, string> =>
  given(
    Object.fromEntries(
      Object.keys(serverVariables)
        .filter((name) => name !== 'MINVAR_POSTGRES_URL')
        .map((name) => [name, env[name]]),
    ),
  );

/** What every service reads. */
export const serviceVariables = {
  MINVAR_HOME: common.home.optional(),
  XDG_DATA_HOME: z.string().optional(),
  MINVAR_PORT: common.port.default(0),
  MINVAR_HOST: common.host.default('127.0.0.1'),
  MINVAR_LOG_LEVEL: common.logLevel.default('info'),
  ...serverVariables,
} as const;

export interface ServiceEnvironment {
  /** folder of this machine; keeps everything when there are no servers, else scratch and cache */
  readonly home: string;
  readonly servers: Servers | null;
  /** the gateway's, or of a service's health, readiness and metrics; 0 picks a free one */
  readonly port: number;
  readonly host: string;
  readonly logLevel: LogLevel;
}

export const serviceEnvironmentOf = (e: z.output<z.ZodObject<typeof serviceVariables>>): ServiceEnvironment => ({
  home: resolve(e.MINVAR_HOME ?? usualFolders(e).home),
  servers: serversOf(e),
  port: e.MINVAR_PORT,
  host: e.MINVAR_HOST,
  logLevel: e.MINVAR_LOG_LEVEL,
});
