import { createServer } from 'node:http';
import type { ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Health } from './health';
import type { Metrics } from './metrics';

export interface HealthServer {
  /** `http://host:port` */
  readonly url: string;
  close(): Promise<void>;
}

/**
 * `/healthz`, `/readyz` and `/metrics` of a service that has no other door. 503 with the failed checks and their reasons when it is
 * not well or not ready. `port` 0 picks a free one; rejects when the port is in use.
 */
export async function serveHealth(
  { health, metrics }: { readonly health: Health; readonly metrics: Metrics },
  { host, port }: { readonly host: string; readonly port: number },
): Promise<HealthServer> {
  const json = (response: ServerResponse, status: number, body: unknown): void =>
    void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  const answer = async (path: string, response: ServerResponse): Promise<void> => {
    if (path === '/healthz' || path === '/readyz') {
      const { ok, checks } = await (path === '/healthz' ? health.live() : health.ready());
      const because = checks.filter((c) => !c.ok).map((c) => `${c.name}: ${c.because}`);
      return json(response, ok ? 200 : 503, path === '/healthz' ? { ok, because } : { ready: ok, because });
    }
    if (path !== '/metrics')
      return json(response, 404, { error: 'there is nothing here but /healthz, /readyz and /metrics' });
    const { contentType, body } = await metrics.text();
    response.writeHead(200, { 'content-type': contentType }).end(body);
  };
  const server = createServer((request, response) => {
    answer((request.url ?? '/').split('?')[0]!, response).catch((error: Error) => {
      if (response.headersSent) response.destroy();
      else json(response, 500, { error: error.message });
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(
        error.code === 'EADDRINUSE'
          ? new Error(`port ${port} on ${host} is in use: give another one with MINVAR_PORT, or 0 for any that is free`)
          : error,
      ),
    );
    server.listen(port, host, resolve);
  });
  const { port: bound } = server.address() as AddressInfo;
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${bound}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
