import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { makeExecutableSchema } from '@graphql-tools/schema';
import { GraphQLError } from 'graphql';
import { useServer } from 'graphql-ws/use/ws';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocketServer } from 'ws';
import type { TypedDocument } from '../graphql/operations.gen';
import { createClient } from './graphql-client';

type Ticks = TypedDocument<{ tick: { cursor: string } }, { after?: string | null }>;
const ticks = 'subscription ($after: String) { tick(after: $after) { cursor } }' as Ticks;

let close: () => Promise<void> = async () => undefined;
afterEach(() => close());

/** A server that counts from the cursor, and loses its connections after every `each` events. */
async function counting({ last, each }: { last: number; each: number }) {
  const asked: (string | null)[] = [];
  const sockets = new WebSocketServer({ noServer: true });
  const schema = makeExecutableSchema({
    typeDefs: 'type Query { no: Int } type Tick { cursor: String! } type Subscription { tick(after: String): Tick! }',
    resolvers: {
      Subscription: {
        tick: {
          subscribe: async function* (_: unknown, { after }: { after: string | null }) {
            asked.push(after);
            if (after === 'old') throw new GraphQLError('older than kept', { extensions: { code: 'RESYNC' } });
            for (let n = Number(after ?? 0) + 1; n <= last; n++) {
              yield { tick: { cursor: String(n) } };
              if (n % each === 0 && n < last) for (const s of sockets.clients) s.terminate();
              await new Promise((resolve) => setImmediate(resolve));
            }
          },
        },
      },
    },
  });
  const ws = useServer({ schema }, sockets);
  const http = createServer((_, response) => response.writeHead(500).end('no'));
  http.on('upgrade', (request, socket, head) =>
    sockets.handleUpgrade(request, socket, head, (s) => sockets.emit('connection', s, request)),
  );
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const client = createClient({ url: `http://127.0.0.1:${(http.address() as AddressInfo).port}`, token: null });
  close = async () => {
    await client.close();
    await ws.dispose();
    http.close();
  };
  return { client, asked };
}

describe('following a subscription', () => {
  it('goes on after lost connections with the cursor of the last event: nothing missed, nothing twice', async () => {
    const { client, asked } = await counting({ last: 20, each: 6 });
    const seen: string[] = [];
    const signal = new AbortController().signal;
    for await (const { tick } of client.follow(ticks, { after: '2' }, (e) => e.tick.cursor, signal))
      seen.push(tick.cursor);
    expect(seen).toEqual(Array.from({ length: 18 }, (_, i) => String(i + 3)));
    expect(asked.length).toBeGreaterThan(1);
    expect(asked[0]).toBe('2');
    for (const after of asked.slice(1)) expect(seen).toContain(after);
  });

  it('tells a cursor that is too old apart from other failures', async () => {
    const { client } = await counting({ last: 3, each: 100 });
    const follow = async () => {
      for await (const event of client.follow(
        ticks,
        { after: 'old' },
        (e) => e.tick.cursor,
        new AbortController().signal,
      ))
        void event;
    };
    await expect(follow()).rejects.toMatchObject({ name: 'ResyncError' });
  });

  it('ends quietly when it is asked to', async () => {
    const { client } = await counting({ last: 1e9, each: 1e9 });
    const stop = new AbortController();
    let n = 0;
    for await (const event of client.follow(ticks, {}, (e) => e.tick.cursor, stop.signal)) {
      void event;
      if (++n === 5) stop.abort();
    }
    expect(n).toBeGreaterThanOrEqual(5);
  });
});
