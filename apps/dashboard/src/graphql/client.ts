import { createClient as createSocket } from 'graphql-ws';
import { cacheExchange, createClient, fetchExchange } from 'urql';

export const client = createClient({
  url: new URL('graphql', document.baseURI).href,
  exchanges: [cacheExchange, fetchExchange],
  requestPolicy: 'cache-and-network',
  preferGetMethod: false,
});

/** Retries are `useFollow`'s business: it knows the cursor of the last event. */
export const socket = createSocket({
  url: new URL('graphql', document.baseURI).href.replace(/^http/, 'ws'),
  lazy: true,
  retryAttempts: 0,
  keepAlive: 10_000,
});
