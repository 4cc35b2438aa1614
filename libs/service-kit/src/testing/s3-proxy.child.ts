import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { S3Settings } from '@minvar/contracts';
import { s3Client } from '../object-store/s3/connection';

/**
 * A process in front of a real S3 server that passes requests on, signed anew, and misbehaves as it is told. Requests that a fault fits
 * (method, and `key` in the address) use it up.
 */
export interface ProxyFault {
  readonly method: string;
  readonly key: string;
  readonly times: number;
  readonly does:
    /** passes the request on without the conditions of these headers */
    | { kind: 'forget'; headers: readonly string[] }
    /** does what was asked, then closes the connection without a word */
    | { kind: 'lose the answer' }
    /** does what was asked and never answers */
    | { kind: 'hang after' }
    /** never answers, and asks the server nothing */
    | { kind: 'hang before' }
    /** half of the answer's body, then the connection ends */
    | { kind: 'cut the body' }
    | { kind: 'answer'; status: number; code: string };
}
export type FromProxy = { kind: 'listening'; endpoint: string } | { kind: 'told' } | { kind: 'seen'; seen: string[] };
export type ToProxy = { kind: 'faults'; faults: readonly ProxyFault[] } | { kind: 'seen?' };

const s3 = JSON.parse(process.argv[2]!) as S3Settings;
const client = s3Client(s3.endpoint, s3.accessKey, s3.secretKey, 'us-east-1');
const every = Array.from({ length: 400 }, (_, i) => 200 + i);
const kept = ['if-match', 'if-none-match', 'range', 'content-type', 'x-amz-copy-source', 'x-amz-metadata-directive'];
let faults: { left: number; fault: ProxyFault }[] = [];
let seen: string[] = [];

async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const [path, query] = request.url!.split('?');
  const [, bucketName, ...rest] = path!.split('/');
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const fitting = faults.find(
    (f) => f.left > 0 && f.fault.method === request.method && request.url!.includes(f.fault.key),
  );
  if (fitting) fitting.left -= 1;
  const does = fitting?.fault.does;
  seen.push(`${request.method} ${path}${does ? ` (${does.kind})` : ''}`);
  if (does?.kind === 'hang before') return;
  if (does?.kind === 'answer') {
    response.writeHead(does.status, { 'content-type': 'application/xml' });
    return void response.end(`<Error><Code>${does.code}</Code><Message>as told</Message></Error>`);
  }
  const headers: Record<string, string> = {};
  for (const name of kept) {
    const value = request.headers[name];
    if (typeof value === 'string' && !(does?.kind === 'forget' && does.headers.includes(name))) headers[name] = value;
  }
  const answer = await client.makeRequestAsync(
    {
      method: request.method!,
      bucketName: bucketName!,
      ...(rest.length > 0 && rest[0] !== '' && { objectName: decodeURIComponent(rest.join('/')) }),
      ...(query !== undefined && { query }),
      headers,
    },
    Buffer.concat(chunks),
    every,
    'us-east-1',
  );
  if (does?.kind === 'hang after') return void answer.resume();
  if (does?.kind === 'lose the answer') return void request.socket.destroy();
  response.writeHead(answer.statusCode!, answer.headers);
  if (does?.kind !== 'cut the body') return void answer.pipe(response);
  const body: Buffer[] = [];
  for await (const chunk of answer) body.push(chunk as Buffer);
  const whole = Buffer.concat(body);
  response.write(whole.subarray(0, Math.floor(whole.length / 2)), () => request.socket.destroy());
}

const server = createServer((request, response) => {
  handle(request, response).catch((error: Error) => {
    process.stderr.write(`${error.stack}\n`);
    request.socket.destroy();
  });
});
const say = (message: FromProxy): void => void process.send!(message);
process.on('message', (message: ToProxy) => {
  if (message.kind === 'seen?') {
    say({ kind: 'seen', seen });
    seen = [];
  } else {
    faults = message.faults.map((fault) => ({ left: fault.times, fault }));
    say({ kind: 'told' });
  }
});
process.on('disconnect', () => process.exit(0));
server.listen(0, '127.0.0.1', () =>
  say({ kind: 'listening', endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }),
);
