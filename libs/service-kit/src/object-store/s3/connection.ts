import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { S3Settings } from '@minvar/contracts';
import { Client } from 'minio';
import { backoffMs } from '../../event-log/waiting';
import { isUnavailable, translated } from './failure';
import { createTransport } from './transport';

export interface S3ConnectionOptions {
  readonly s3: S3Settings;
  /** as the store names it; most servers besides Amazon's take any */
  readonly region?: string;
  /** how long no byte may move on a connection */
  readonly timeoutMs?: number;
  /** how often a request that does no harm when repeated is tried before the store counts as unavailable */
  readonly tries?: number;
}

export interface Call {
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'DELETE';
  readonly key?: string;
  readonly query?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer;
}

export interface S3Connection {
  readonly client: Client;
  readonly bucket: string;
  readonly endpoint: string;
  /** One request; resolves with the answer's headers when they are there, the body still to be read. */
  open(call: Call): Promise<IncomingMessage>;
  /** One small request with its whole answer, in a limited time. */
  send(call: Call): Promise<{ headers: IncomingHttpHeaders; body: Buffer }>;
  /** Tries `work`, which must do no harm when repeated, again while the store is unavailable, with growing pauses of random length. */
  patiently<T>(work: () => Promise<T>): Promise<T>;
  /** Does `work` within the time that a small request may take. */
  timely<T>(work: () => Promise<T>): Promise<T>;
  /** Gives what `work` throws the names that the port knows. */
  named<T>(asked: string, work: () => Promise<T>): Promise<T>;
  close(): void;
}

/** A pause of random length before try number `n` + 1: up to 100 ms, 200 ms, 400 ms … 2 s. */
export const pause = (n: number): Promise<void> => sleep(backoffMs(n, { first: 100, longest: 2000 }));

export function s3Client(
  endpoint: string,
  accessKey: string,
  secretKey: string,
  region: string,
  transport?: ReturnType<typeof createTransport>,
): Client {
  const url = new URL(endpoint);
  return new Client({
    endPoint: url.hostname.replace(/^\[|\]$/g, ''),
    ...(url.port && { port: Number(url.port) }),
    useSSL: url.protocol === 'https:',
    accessKey,
    secretKey,
    region,
    pathStyle: true,
    // Its own repeats do not know which requests may be repeated, and hide what the store said.
    retryOptions: { disableRetry: true },
    ...(transport && { transport: transport as never }),
  });
}

export function createS3Connection({
  s3,
  region = 'us-east-1',
  timeoutMs = 10_000,
  tries = 4,
}: S3ConnectionOptions): S3Connection {
  const secure = new URL(s3.endpoint).protocol === 'https:';
  const transport = createTransport({ secure, timeoutMs });
  const client = s3Client(s3.endpoint, s3.accessKey, s3.secretKey, region, transport);

  const connection: S3Connection = {
    client,
    bucket: s3.bucket,
    endpoint: s3.endpoint,
    open({ method, key, query, headers, body }) {
      // Over HTTP the signature covers the body's SHA-256; over HTTPS it does not, so there an MD5 tells the server what must arrive.
      const md5 = secure && body ? { 'content-md5': createHash('md5').update(body).digest('base64') } : {};
      const call = {
        method,
        bucketName: s3.bucket,
        ...(key !== undefined && { objectName: key }),
        ...(query !== undefined && { query }),
        headers: { ...headers, ...md5 },
      };
      return client.makeRequestAsync(call, body ?? '', [200, 204, 206], region);
    },
    send: (call) =>
      connection.timely(async () => {
        const response = await connection.open(call);
        const chunks: Buffer[] = [];
        for await (const chunk of response) chunks.push(chunk as Buffer);
        return { headers: response.headers, body: Buffer.concat(chunks) };
      }),
    async patiently(work) {
      for (let n = 1; ; n++) {
        try {
          return await work();
        } catch (error) {
          if (n === tries || !isUnavailable(error)) throw error;
          await pause(n);
        }
      }
    },
    timely: (work) => transport.within(3 * timeoutMs, work),
    async named(asked, work) {
      try {
        return await work();
      } catch (error) {
        throw translated(error, s3.endpoint, asked);
      }
    },
    close: () => transport.close(),
  };
  return connection;
}

/** An etag without the quotes it travels in. */
export const bareEtag = (etag: string | undefined): string => (etag ?? '').replace(/^W\//, '').replace(/^"|"$/g, '');
