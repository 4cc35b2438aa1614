import type { RequestHandler } from 'express';
import type { GatewayOptions } from '../options';

/** Alive: the process answers. Ready: what it needs to answer well does so too. */
export function healthRoutes(
  { readModel, log, store }: Pick<GatewayOptions, 'readModel' | 'log' | 'store'>,
  isOpen: () => boolean,
) {
  const healthz: RequestHandler = (_request, response) => void response.json({ ok: true });
  const readyz: RequestHandler = async (_request, response) => {
    const because = [
      isOpen() ? null : 'the gateway is stopping',
      readModel.ready() ? null : 'the read model has not caught up with the log',
      await log.healthy(),
      await store.healthy(),
    ].filter((b) => b !== null);
    response.status(because.length === 0 ? 200 : 503).json({ ready: because.length === 0, because });
  };
  return { healthz, readyz };
}
