import type { Client } from './client/graphql-client';
import { createClient } from './client/graphql-client';
import type { Context } from './context';
import { UsageError } from './errors';
import { parsePort } from './environment';
import { isAbsolute, resolve } from 'node:path';

export interface ConnectionOptions {
  readonly server?: string;
  readonly home?: string;
}

export const fromCaller = (ctx: Context, path: string): string =>
  isAbsolute(path) ? path : resolve(ctx.environment.callerDir, path);

export const homeOf = (ctx: Context, options: { readonly home?: string }): string =>
  options.home ? fromCaller(ctx, options.home) : ctx.environment.home;

export function portOf(ctx: Context, options: { readonly port?: string }, otherwise = ctx.environment.port): number {
  if (options.port === undefined) return otherwise;
  const parsed = parsePort.safeParse(options.port);
  if (!parsed.success) throw new UsageError(`--port ${parsed.error.issues[0]!.message}`);
  return parsed.data;
}

/**
 * Does `work` with a gateway: the one of --server or MINVAR_SERVER, else the laboratory that runs on the home, else one of
 * this process, for as long as the work takes.
 */
export async function withGateway<T>(
  ctx: Context,
  options: ConnectionOptions,
  work: (client: Client) => Promise<T>,
): Promise<T> {
  const token = ctx.environment.token;
  const server = options.server ?? (options.home ? null : ctx.environment.server);
  const use = async (url: string, itsToken: string | null): Promise<T> => {
    const client = createClient({ url, token: itsToken });
    try {
      return await work(client);
    } finally {
      await client.close();
    }
  };
  if (server) {
    if (!URL.canParse(server) || !/^https?:$/.test(new URL(server).protocol)) {
      throw new UsageError(`--server is '${server}', but the address of a gateway looks like http://127.0.0.1:4000`);
    }
    return use(server, token);
  }
  const { openLaboratory } = await import('./laboratory');
  const lab = await openLaboratory(ctx, { home: homeOf(ctx, options) });
  try {
    return await use(lab.url, lab.token ?? token);
  } finally {
    await lab.close();
  }
}
