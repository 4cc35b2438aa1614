import type { LogLevel } from '@minvar/contracts';
import { common, readVariables } from '@minvar/contracts';
import { z } from 'zod';

const variables = z.object({
  MINVAR_HOME: common.home,
  MINVAR_PORT: common.port.default(4000),
  MINVAR_HOST: common.host.default('127.0.0.1'),
  MINVAR_TOKEN: common.token.optional(),
  MINVAR_LOG_LEVEL: common.logLevel.default('info'),
  MINVAR_KAFKA_BROKERS: common.kafka,
  MINVAR_S3_ENDPOINT: common.s3,
});

export interface Environment {
  /** folder of the log and the objects that the services on this machine share */
  readonly home: string;
  /** 0 picks a free one */
  readonly port: number;
  readonly host: string;
  readonly token: string | null;
  readonly logLevel: LogLevel;
}

/** The gateway's settings. Throws `ConfigurationError`, in which the token's value is not shown. */
export function readEnvironment(env: NodeJS.ProcessEnv = process.env): Environment {
  const e = readVariables(variables, env);
  return {
    home: e.MINVAR_HOME,
    port: e.MINVAR_PORT,
    host: e.MINVAR_HOST,
    token: e.MINVAR_TOKEN ?? null,
    logLevel: e.MINVAR_LOG_LEVEL,
  };
}
