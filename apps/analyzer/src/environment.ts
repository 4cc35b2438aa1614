import { resolve } from 'node:path';
import type { LogLevel } from '@minvar/contracts';
import { common, readVariables, usualFolders } from '@minvar/contracts';
import { z } from 'zod';

const variables = z.object({
  MINVAR_HOME: common.home.optional(),
  XDG_DATA_HOME: z.string().optional(),
  MINVAR_LOG_LEVEL: common.logLevel.default('info'),
  MINVAR_KAFKA_BROKERS: common.kafka,
  MINVAR_S3_ENDPOINT: common.s3,
});

export interface Environment {
  /** the laboratory's home: its log and its objects */
  readonly home: string;
  readonly logLevel: LogLevel;
}

/** The analyzer's settings. Throws `ConfigurationError`. */
export function readEnvironment(env: NodeJS.ProcessEnv = process.env): Environment {
  const e = readVariables(variables, env);
  return {
    home: resolve(e.MINVAR_HOME ?? usualFolders(e).home),
    logLevel: e.MINVAR_LOG_LEVEL,
  };
}
