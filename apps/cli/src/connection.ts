import type { Client } from './client/graphql-client';
import { createClient } from './client/graphql-client';
import type { Context } from './context';
import { InterruptedError, UsageError } from './errors';
import { parsePort } from './environment';
import { stat } from 'node:fs/promises';
import { isAbsolute, resolve } from 'node:path';

export interface ConnectionOptions {
  readonly server?: string;
  readonly home?: string;
  /** local copies of the datasets’ files, for a laboratory that this command starts */
  readonly data?: string;
}

export const fromCaller = (ctx: Context, path: string): string =>
  isAbsolute(path) ? path : resolve(ctx.environment.callerDir, path);

export const homeOf = (ctx: Context, options: { readonly home?: string }): string =>
  options.home ? fromCaller(ctx, options.home) : ctx.environment.home;

/** The folder with local copies that --data or MINVAR_DATA_DIR names; one that --data names must be there. */
export async function dataDirOf(
  ctx: Context,
  { data }: { readonly data?: string | undefined },
): Promise<string | null> {
  if (data === undefined) return ctx.environment.dataDir;
  const dir = fromCaller(ctx, data);
  const found = await stat(dir).catch((e: NodeJS.ErrnoException) => e);
  if (found instanceof Error) throw new UsageError(`--data '${data}' cannot be read: ${found.message}`);
  if (!found.isDirectory()) throw new UsageError(`--data '${data}' is no folder: give the one that holds the files`);
  return dir;
}

export function portOf(ctx: Context, options: { readonly port?: string }, otherwise = ctx.environment.port): number {
  if (options.port === undefined) return otherwise;
  const parsed = parsePort.safeParse(options.port);
  if (!parsed.success) throw new UsageError(`--port is '${options.port}', but ${parsed.error.issues[0]!.message}`);
  return parsed.data;
}

/** An interruption with where the work goes on: at a laboratory that runs by itself, or with the next command like this one. */
export const withWayOn = (e: InterruptedError, server: string | null): InterruptedError =>
  new InterruptedError(
    server === null
      ? `${e.message}; nothing is lost, the same command goes on where it was`
      : `${e.message}; the laboratory at ${server} goes on with it`,
    { cause: e },
  );

/**
 * Does `work` with a gateway: the one of --server or MINVAR_SERVER, else the laboratory that runs on the home, else one of
 * this process, for as long as the work takes. Interrupted, it says where the work goes on.
 */
export async function withGateway<T>(
  ctx: Context,
  options: ConnectionOptions,
  work: (client: Client) => Promise<T>,
): Promise<T> {
  const token = ctx.environment.token;
  const server = options.server ?? (options.home ? null : ctx.environment.server);
  const use = async (url: string, itsToken: string | null, isOwn: boolean): Promise<T> => {
    const client = createClient({ url, token: itsToken });
    try {
      return await work(client);
    } catch (e) {
      throw e instanceof InterruptedError ? withWayOn(e, isOwn ? null : url) : e;
    } finally {
      await client.close();
    }
  };
  if (server) {
    if (!URL.canParse(server) || !/^https?:$/.test(new URL(server).protocol)) {
      throw new UsageError(`--server is '${server}', but the address of a gateway looks like http://127.0.0.1:4000`);
    }
    if (options.data !== undefined) {
      const given = options.server === undefined ? 'MINVAR_SERVER' : '--server';
      throw new UsageError(
        `--data is '${options.data}', but the gateway at ${server} (${given}) has a data folder of its own: leave --data out, or start that laboratory with it`,
      );
    }
    return use(server, token, false);
  }
  const { openLaboratory } = await import('./laboratory');
  const lab = await openLaboratory(ctx, { home: homeOf(ctx, options), data: options.data });
  try {
    return await use(lab.url, lab.token ?? token, lab.isOwn);
  } finally {
    await lab.close();
  }
}
