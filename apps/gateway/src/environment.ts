import { z } from 'zod';

const variables = z.object({
  MINVAR_HOME: z.string().min(1),
  MINVAR_PORT: z.coerce.number().int().min(0).max(65_535).default(4000),
  MINVAR_HOST: z.string().min(1).default('127.0.0.1'),
  MINVAR_TOKEN: z.string().min(16, 'a token has at least 16 characters').optional(),
  MINVAR_LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
});

export interface Environment {
  /** folder of the log and the objects that the services on this machine share */
  readonly home: string;
  /** 0 picks a free one */
  readonly port: number;
  readonly host: string;
  readonly token: string | null;
  readonly logLevel: z.infer<typeof variables>['MINVAR_LOG_LEVEL'];
}

/** The gateway's settings. Throws naming every bad variable at once; the token's value is not shown. */
export function readEnvironment(env: NodeJS.ProcessEnv = process.env): Environment {
  const parsed = variables.safeParse(env);
  if (!parsed.success) {
    const shown = (name: string): string => (name === 'MINVAR_TOKEN' ? '…' : (env[name] ?? ''));
    throw new Error(
      parsed.error.issues.map((i) => `${i.path.join('.')} is '${shown(String(i.path[0]))}': ${i.message}`).join('; '),
    );
  }
  const { MINVAR_HOME, MINVAR_PORT, MINVAR_HOST, MINVAR_TOKEN, MINVAR_LOG_LEVEL } = parsed.data;
  return {
    home: MINVAR_HOME,
    port: MINVAR_PORT,
    host: MINVAR_HOST,
    token: MINVAR_TOKEN ?? null,
    logLevel: MINVAR_LOG_LEVEL,
  };
}
