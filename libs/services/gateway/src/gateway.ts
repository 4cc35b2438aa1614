import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ApolloServer } from '@apollo/server';
import { ApolloServerPluginLandingPageDisabled } from '@apollo/server/plugin/disabled';
import { expressMiddleware } from '@as-integrations/express5';
import express from 'express';
import type { ErrorRequestHandler, RequestHandler } from 'express';
import { createCatalogues } from './catalogue';
import type { Context } from './context';
import { createContext } from './context';
import { securityHeaders, serveDashboard } from './http/dashboard';
import { shownError } from './http/errors';
import { createGuard, isLoopback } from './http/guard';
import { healthRoutes } from './http/health';
import { limits, limitsRule, tooLarge } from './http/limits';
import { serveObjects } from './http/objects';
import { serveSocket } from './http/socket';
import { noSubscriptions } from './http/no-subscriptions';
import { createTelemetry } from './http/telemetry';
import { timeOperations } from './http/time-operations';
import { createLinearSolver } from './linear/solver';
import type { Gateway, GatewayOptions } from './options';
import { createSchema } from './schema';

/** The only door: GraphQL over HTTP and WebSocket, objects by signed links, the web page, health and metrics. */
export function createGateway(options: GatewayOptions): Gateway {
  const { host, port, logger, store } = options;
  const token = options.token ?? null;
  if (!isLoopback(host) && token === null) {
    throw new Error(
      `the gateway is to listen on ${host}, which others can reach, but has no token; set MINVAR_TOKEN, or listen on 127.0.0.1`,
    );
  }
  const schema = createSchema();
  const catalogues = createCatalogues(options);
  const linear = createLinearSolver({ seconds: 20, ...options.linear });
  const shared = { catalogues, linear };
  const guard = createGuard({ host, allowedHosts: options.allowedHosts ?? [], token });
  const telemetry = createTelemetry(options);
  const now = options.now ?? (() => new Date());
  let isOpen = false;

  const apollo = new ApolloServer<Context>({
    schema,
    validationRules: [limitsRule],
    parseOptions: { maxTokens: limits.tokens },
    csrfPrevention: true,
    allowBatchedHttpRequests: false,
    includeStacktraceInErrorResponses: false,
    introspection: true,
    cache: 'bounded',
    stopOnTerminationSignals: false,
    formatError: (formatted, error) => shownError(formatted, error, logger),
    logger: {
      debug: () => undefined,
      info: () => undefined,
      warn: (m) => logger.warn({}, String(m)),
      error: (m) => logger.error({}, String(m)),
    },
    plugins: [ApolloServerPluginLandingPageDisabled(), noSubscriptions, timeOperations(telemetry)],
  });

  const app = express();
  app.disable('x-powered-by');
  app.use(securityHeaders);
  const { healthz, readyz } = healthRoutes(options, () => isOpen);
  // Probes and scrapers come by addresses that nobody can list.
  app.get('/healthz', healthz);
  app.get('/readyz', readyz);
  app.get(
    '/metrics',
    async (_request, response) =>
      void response.type(telemetry.register.contentType).send(await telemetry.register.metrics()),
  );
  const guarded: RequestHandler = (request, response, next) => {
    const refused = guard.refuses(request.headers);
    if (refused === null) return next();
    telemetry.refusals.inc();
    response.status(403).json({ errors: [{ message: refused, extensions: { code: 'FORBIDDEN' } }] });
  };
  app.use(guarded);
  if (options.linkSigner)
    app.use(
      ['/objects', '/artifacts'],
      serveObjects(store, options.linkSigner, () => now().getTime()),
    );
  const signedIn: RequestHandler = (request, response, next) => {
    if (guard.knows(request.headers.authorization)) return next();
    response
      .status(401)
      .set('www-authenticate', 'Bearer')
      .json({
        errors: [
          {
            message: 'this gateway wants a token: send it as "Authorization: Bearer …"',
            extensions: { code: 'UNAUTHENTICATED' },
          },
        ],
      });
  };

  const server = createServer(app);
  let socket: ReturnType<typeof serveSocket> | null = null;

  const failed: ErrorRequestHandler = (error: { status?: number; type?: string }, request, response, next) => {
    if (response.headersSent) return next(error);
    const status = error.status ?? 500;
    if (status >= 500) logger.error({ err: error, path: request.path }, 'a request failed');
    const isLarge = error.type === 'entity.too.large';
    const message = isLarge
      ? `the request has more than ${limits.bodyBytes} bytes`
      : status >= 500
        ? 'something went wrong in the gateway; its log says what'
        : 'the request cannot be read';
    const code = isLarge ? tooLarge : status >= 500 ? 'INTERNAL_SERVER_ERROR' : 'BAD_REQUEST';
    response.status(status).json({ errors: [{ message, extensions: { code } }] });
  };

  const listen = () =>
    new Promise<void>((resolve, reject) => {
      server.once('error', (e: NodeJS.ErrnoException) =>
        reject(
          e.code === 'EADDRINUSE'
            ? new Error(
                `port ${port} on ${host} is in use: give another one (--port or MINVAR_PORT), or 0 for any that is free`,
              )
            : e,
        ),
      );
      server.listen(port, host, () => resolve());
    });

  return {
    start: async () => {
      await apollo.start();
      app.use(
        '/graphql',
        signedIn,
        express.json({ limit: limits.bodyBytes }),
        expressMiddleware(apollo, { context: async () => createContext(options, shared) }),
      );
      if (options.dashboardDir) app.use(...serveDashboard(options.dashboardDir));
      app.use(
        (_request, response) =>
          void response
            .status(404)
            .json({ errors: [{ message: 'there is nothing here', extensions: { code: 'NOT_FOUND' } }] }),
      );
      app.use(failed);
      socket = serveSocket(server, schema, {
        guard,
        logger,
        telemetry,
        createContext: () => createContext(options, shared, { cache: false }),
      });
      await listen();
      isOpen = true;
      logger.info({ url: url() }, 'gateway listens');
    },
    stop: async () => {
      isOpen = false;
      await socket?.close();
      const closed = new Promise<void>((resolve) => (server.listening ? server.close(() => resolve()) : resolve()));
      server.closeIdleConnections();
      const late = setTimeout(() => server.closeAllConnections(), 2000);
      await closed;
      clearTimeout(late);
      await apollo.stop();
      await linear.stop();
    },
    ready: () => isOpen && options.readModel.ready(),
    url,
  };

  function url(): string {
    const address = server.address() as AddressInfo | null;
    if (!address) throw new Error('the gateway does not listen yet');
    const name = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host.includes(':') ? `[${host}]` : host;
    return `http://${name}:${address.port}`;
  }
}
