import type { ServiceEnvironment } from '@minvar/contracts';
import { common, readVariables, serverProblems, serviceEnvironmentOf, serviceVariables } from '@minvar/contracts';
import { z } from 'zod';

const variables = z.object({
  ...serviceVariables,
  MINVAR_PORT: common.port.default(4000),
  MINVAR_TOKEN: common.token.optional(),
});

export interface Environment extends ServiceEnvironment {
  readonly token: string | null;
}

/** The gateway's settings. Throws `ConfigurationError`, in which the token's value is not shown. */
export function readEnvironment(env: NodeJS.ProcessEnv = process.env): Environment {
  const e = readVariables(variables, env, serverProblems('read-model'));
  return { ...serviceEnvironmentOf(e), token: e.MINVAR_TOKEN ?? null };
}
