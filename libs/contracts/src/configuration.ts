import { homedir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';

/** All that is wrong with a configuration, a line each: the variable, its value, what is allowed. */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError';
  constructor(readonly problems: readonly string[]) {
    super(['the environment is not usable:', ...problems.map((p) => `  ${p}`)].join('\n'));
  }
}

type Variables = Readonly<Record<string, string | undefined>>;

/** Variables whose values are never shown. */
const secret = /TOKEN|SECRET|PASSWORD|ACCESS_KEY/;
/** `user:password@` of a URL */
const userinfo = /(\/\/)[^\s/@]+@/g;

/** What is set, without the empty ones: `X= command` unsets X. */
export const given = (env: Variables): Record<string, string> =>
  Object.fromEntries(Object.entries(env).filter((e): e is [string, string] => e[1] !== undefined && e[1] !== ''));

/**
 * Variables as a schema describes them; empty ones count as unset. Throws one `ConfigurationError` with all problems. The schema's messages
 * say what is allowed, as those of `whole`, `oneOf` and `text` do; `further` problems are those that a schema of single variables does not see.
 * @example readVariables(z.object({ MINVAR_PORT: whole(0, 65_535, 'a port').default(4000) }), process.env)
 */
export function readVariables<S extends z.ZodObject>(
  schema: S,
  env: Variables,
  further: (set: Record<string, string>) => readonly string[] = () => [],
): z.output<S> {
  const set = given(env);
  const parsed = schema.safeParse(set);
  const problems = [
    ...(parsed.success ? [] : parsed.error.issues.map((issue) => problemOf(String(issue.path[0]), set, issue.message))),
    ...further(set),
  ];
  if (!parsed.success || problems.length > 0) throw new ConfigurationError(problems);
  return parsed.data;
}

function problemOf(name: string, set: Record<string, string>, allowed: string): string {
  const value = set[name];
  if (value === undefined) return `${name} is not set, but ${allowed}`;
  return `${name} is ${secret.test(name) ? 'set' : `'${value.replace(userinfo, '$1[hidden]@')}'`}, but ${allowed}`;
}

/** A whole number in a range. `what` as in "a port" or "the number of runs at a time". */
export const whole = (min: number, max: number, what: string) => {
  const error = `${what} is a whole number from ${min} to ${max}`;
  return z
    .string({ error })
    .regex(/^\d{1,15}$/, { error, abort: true })
    .transform(Number)
    .refine((n) => n >= min && n <= max, { error });
};

/** One of some words. */
export const oneOf = <const T extends readonly [string, ...string[]]>(values: T, what: string) =>
  z.enum(values, { error: `${what} is one of ${values.join(', ')}` });

/** Any text of at least `atLeast` characters. */
export const text = (what: string, atLeast = 1) => {
  const error = atLeast > 1 ? `${what} has at least ${atLeast} characters` : `${what} is wanted`;
  return z.string({ error }).min(atLeast, { error });
};

export const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

/** Where a home and what was downloaded lie unless something else is said. */
export const usualFolders = ({
  XDG_DATA_HOME,
}: {
  readonly XDG_DATA_HOME?: string | undefined;
}): { readonly home: string; readonly cache: string } => ({
  home: join(XDG_DATA_HOME ?? join(homedir(), '.local/share'), 'minvar'),
  cache: join(homedir(), '.cache/minvar'),
});

/** What more than one app reads, each under its name. */
export const common = {
  home: text('the folder that keeps everything'),
  cache: text('the folder for downloads'),
  dataDir: text('the folder with local copies of datasets'),
  port: whole(0, 65_535, 'a port (0 picks a free one)'),
  host: text('an address to listen on'),
  token: text('a token', 16),
  slots: whole(1, 1024, 'the number of runs at a time'),
  leaseSeconds: whole(1, 3600, 'the lease time in seconds'),
  checkpointSeconds: whole(0, 86_400, 'the longest time between two checkpoints in seconds'),
  logLevel: oneOf(logLevels, 'a log level'),
} as const;
