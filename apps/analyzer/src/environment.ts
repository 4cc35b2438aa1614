import type { ServiceEnvironment } from '@minvar/contracts';
import { readVariables, serverProblems, serviceEnvironmentOf, serviceVariables } from '@minvar/contracts';
import { z } from 'zod';

/** The analyzer's settings. Throws `ConfigurationError`. */
export const readEnvironment = (env: NodeJS.ProcessEnv = process.env): ServiceEnvironment =>
  serviceEnvironmentOf(readVariables(z.object(serviceVariables), env, serverProblems('log-and-store')));
