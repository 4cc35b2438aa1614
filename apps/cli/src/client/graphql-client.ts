import { setTimeout as sleep } from 'node:timers/promises';
import { createClient as createSocket } from 'graphql-ws';
import WebSocket from 'ws';
import type { TypedDocument } from '../graphql/operations.gen';
import { UsageError, WorkError } from '../errors';

interface GraphqlProblem {
  readonly message: string;
  readonly extensions?: { readonly code?: string };
}

/** The cursor is older than what the gateway keeps: read the state again together with `Query.cursor`. */
export class ResyncError extends Error {
  override readonly name = 'ResyncError';
}

export interface Client {
  readonly url: string;
  request<R, V>(document: TypedDocument<R, V>, variables: V): Promise<R>;
  /**
   * The events of a subscription after a cursor; reconnects with the cursor of the last event, so that nothing is missed and
   * nothing comes twice. Ends when `signal` aborts. Throws ResyncError, or WorkError when the gateway refuses.
   */
  follow<R, V extends { after?: string | null }>(
    document: TypedDocument<R, V>,
    variables: V,
    cursorOf: (event: R) => string,
    signal: AbortSignal,
  ): AsyncGenerator<R, void>;
  /** bytes behind a link of an artifact (relative links are the gateway's own) */
  open(link: string): Promise<Response>;
  close(): Promise<void>;
}

function raise(problems: readonly GraphqlProblem[], url: string): never {
  if (problems.some((p) => p.extensions?.code === 'RESYNC')) throw new ResyncError(problems[0]!.message);
  const text = problems.map((p) => p.message).join('; ');
  const wrong = ['BAD_USER_INPUT', 'GRAPHQL_VALIDATION_FAILED', 'OPERATION_TOO_LARGE'].includes(
    problems[0]?.extensions?.code ?? '',
  );
  throw wrong ? new UsageError(text) : new WorkError(`${url} answered: ${text}`);
}

const causeOf = (e: unknown): string => {
  const cause = (e as { cause?: { code?: string; message?: string; errors?: { code?: string }[] } }).cause;
  return cause?.code ?? cause?.errors?.[0]?.code ?? cause?.message ?? (e as Error).message;
};

/** A client of one gateway, `url` without `/graphql`. */
export function createClient({ url, token }: { url: string; token: string | null }): Client {
  const base = url.replace(/\/+$/, '');
  const authorization: Record<string, string> = token ? { authorization: `Bearer ${token}` } : {};
  const socket = createSocket({
    url: `${base.replace(/^http/, 'ws')}/graphql`,
    webSocketImpl: WebSocket,
    lazy: true,
    retryAttempts: 0,
    keepAlive: 10_000,
    ...(token ? { connectionParams: authorization } : {}),
    onNonLazyError: () => undefined,
  });

  const send = async (path: string, init: RequestInit): Promise<Response> => {
    try {
      return await fetch(new URL(path, `${base}/`), init);
    } catch (e) {
      const way = 'is a laboratory running there? `minvar up` starts one';
      throw new WorkError(`cannot reach ${base} (${causeOf(e)}); ${way}`, { cause: e });
    }
  };

  return {
    url: base,
    async request(document, variables) {
      const response = await send('/graphql', {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...authorization },
        body: JSON.stringify({ query: document, variables }),
      });
      const text = await response.text();
      let body: { data?: unknown; errors?: GraphqlProblem[] };
      try {
        body = JSON.parse(text);
      } catch {
        throw new WorkError(`${base}/graphql answered ${response.status} without JSON: is it a minvar gateway?`);
      }
      if (body.errors?.length) raise(body.errors, base);
      if (!body.data) throw new WorkError(`${base}/graphql answered ${response.status} without data`);
      return body.data as never;
    },
    async *follow(document, variables, cursorOf, signal) {
      let after = variables.after ?? null;
      let pause = 100;
      while (!signal.aborted) {
        const events = socket.iterate<Record<string, unknown>>({ query: document, variables: { ...variables, after } });
        const stop = () => void events.return?.();
        signal.addEventListener('abort', stop, { once: true });
        try {
          for await (const { data, errors } of events) {
            if (errors?.length) raise(errors as GraphqlProblem[], base);
            if (!data) continue;
            pause = 100;
            after = cursorOf(data as never);
            yield data as never;
          }
          return;
        } catch (e) {
          if (signal.aborted) return;
          if (Array.isArray(e)) raise(e as GraphqlProblem[], base);
          // A closed socket (1006, 1001, …) or a refused connection: the cursor remembers where we were.
          const code = (e as { code?: number }).code;
          const lost = !(e instanceof Error) || e.message.includes('ECONN') || e.message.includes('socket');
          if (!lost || (code !== undefined && code >= 4400 && code < 4500)) throw e;
        } finally {
          signal.removeEventListener('abort', stop);
        }
        await sleep(pause, undefined, { signal }).catch(() => undefined);
        pause = Math.min(2 * pause, 5000);
      }
    },
    async open(link) {
      const own = new URL(link, `${base}/`).origin === new URL(base).origin;
      const response = await send(link, own ? { headers: authorization } : {});
      if (!response.ok) throw new WorkError(`${link} answered ${response.status} ${response.statusText}`);
      return response;
    },
    close: async () => {
      await socket.dispose();
    },
  };
}
