import type { Server } from 'node:http';
import type { GraphQLSchema } from 'graphql';
import { GraphQLError, parse, specifiedRules, validate } from 'graphql';
import { useServer } from 'graphql-ws/use/ws';
import { WebSocketServer } from 'ws';
import type { Context } from '../context';
import type { Logger } from '../options';
import { shownError } from './errors';
import type { Guard } from './guard';
import { limits, limitsRule, tooLarge } from './limits';
import type { Telemetry } from './telemetry';

const maxOperationsOfSocket = 100;
/** RFC 6455 and IANA's registry of close codes */
const tryAgainLater = 1013;
const rules = [...specifiedRules, limitsRule];

/** GraphQL over WebSocket (`graphql-transport-ws`) at `/graphql`, under the same guard and limits as HTTP. */
export function serveSocket(
  server: Server,
  schema: GraphQLSchema,
  {
    guard,
    createContext,
    logger,
    telemetry,
  }: { guard: Guard; createContext: () => Context; logger: Logger; telemetry: Telemetry },
) {
  const sockets = new WebSocketServer({ noServer: true, maxPayload: limits.bodyBytes });
  server.on('upgrade', (request, socket, head) => {
    const path = (request.url ?? '').split('?')[0];
    const refused = path === '/graphql' ? guard.refuses(request.headers) : 'subscriptions are at /graphql';
    if (refused === null)
      return sockets.handleUpgrade(request, socket, head, (ws) => {
        sockets.emit('connection', ws, request);
        // What a client does wrong (a message of too many bytes, broken frames) closes its connection; graphql-ws would
        // print it with a stack as if it were ours.
        ws.removeAllListeners('error');
        ws.on('error', (e) => logger.warn({ error: e.message }, 'a connection was closed'));
      });
    telemetry.refusals.inc();
    socket.end(
      `HTTP/1.1 ${path === '/graphql' ? '403 Forbidden' : '404 Not Found'}\r\nconnection: close\r\ncontent-type: text/plain\r\n\r\n${refused}`,
    );
  });
  const open = new Map<string, number>();
  const service = useServer<Record<string, unknown>>(
    {
      schema,
      context: () => createContext(),
      onConnect: (c) =>
        guard.knows(c.connectionParams?.authorization) || guard.knows(c.extra.request.headers.authorization),
      onSubscribe: (c, _id, payload) => {
        if (Object.keys(c.subscriptions).length > maxOperationsOfSocket) {
          return [
            new GraphQLError(`more than ${maxOperationsOfSocket} operations on one connection; open another`, {
              extensions: { code: tooLarge, limit: maxOperationsOfSocket },
            }),
          ];
        }
        let document;
        try {
          document = parse(payload.query, { maxTokens: limits.tokens });
        } catch (e) {
          return [e as GraphQLError];
        }
        const errors = validate(schema, document, rules);
        if (errors.length > 0) return errors;
        return {
          schema,
          document,
          operationName: payload.operationName,
          variableValues: payload.variables,
          contextValue: createContext(),
        };
      },
      onOperation: (_c, id) => {
        telemetry.subscriptions.inc();
        open.set(id, (open.get(id) ?? 0) + 1);
      },
      onNext: (c, _id, _payload, _args, result) => {
        if (!result.errors) return undefined;
        const errors = result.errors.map((e) => shownError(e.toJSON(), e, logger));
        // An event that could not be told whole would be missed: the client connects again, and goes on after the one before.
        if (errors.some((e) => e.extensions?.code === 'READ_MODEL_UNAVAILABLE'))
          c.extra.socket.close(tryAgainLater, 'the tables that events are read from cannot be had now');
        return { ...result, errors: errors as never };
      },
      onError: (_c, _id, _payload, errors) =>
        errors.map((e) => ('toJSON' in e ? shownError((e as GraphQLError).toJSON(), e, logger) : e)) as never,
      onComplete: () => telemetry.subscriptions.dec(),
    },
    sockets,
    15_000,
  );
  return { close: async () => void (await service.dispose()) };
}
