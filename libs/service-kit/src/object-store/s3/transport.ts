import { AsyncLocalStorage } from 'node:async_hooks';
import type { ClientRequest, IncomingMessage, RequestOptions } from 'node:http';
import * as http from 'node:http';
import * as https from 'node:https';
import { S3Failure, S3TimeoutError } from './failure';

export interface Transport {
  /** as `request` of node:http: what the S3 client sends with */
  request(options: RequestOptions, onResponse: (response: IncomingMessage) => void): ClientRequest;
  /** Runs `work`; its requests are given up when the whole of them takes longer than that. */
  within<T>(ms: number, work: () => Promise<T>): Promise<T>;
  close(): void;
}

const errorBytes = 64 * 1024;

/**
 * HTTP with timeouts: a request on whose connection no byte moves for `timeoutMs`, from connecting to the last byte, is given up with
 * `S3TimeoutError`; answers that are no success become `S3Failure`, so that a caller sees status and code of every one.
 */
export function createTransport({ secure, timeoutMs }: { secure: boolean; timeoutMs: number }): Transport {
  const deadlines = new AsyncLocalStorage<AbortSignal>();
  const agent = new (secure ? https : http).Agent({ keepAlive: true, maxSockets: 64, maxFreeSockets: 16 });

  return {
    request(options, onResponse) {
      const asked = `${options.method} ${options.path?.split('?', 1)[0]}`;
      let answer: IncomingMessage | null = null;
      const signal = deadlines.getStore();
      const request = (secure ? https : http).request(
        { ...options, agent, timeout: timeoutMs, ...(signal && { signal }) },
        (response) => {
          answer = response;
          if (response.statusCode! < 300) return onResponse(response);
          void failureOf(asked, response).then((failure) => request.emit('error', failure));
        },
      );
      request.on('timeout', () => {
        // A reader who takes his time is no hanging server: what came is still waiting for him.
        if (answer && answer.readableLength > 0) return void request.setTimeout(timeoutMs);
        const error = new S3TimeoutError(`no byte came or went for ${timeoutMs / 1000} s (${asked})`);
        if (answer) answer.destroy(error);
        else request.destroy(error);
      });
      return request;
    },
    within(ms, work) {
      const late = new S3TimeoutError(`it took longer than ${ms / 1000} s`);
      const controller = new AbortController();
      const timer = setTimeout(() => controller.abort(late), ms);
      return deadlines
        .run(controller.signal, work)
        .catch((error: Error) => Promise.reject(controller.signal.aborted ? late : error))
        .finally(() => clearTimeout(timer));
    },
    close: () => agent.destroy(),
  };
}

async function failureOf(asked: string, response: IncomingMessage): Promise<S3Failure> {
  let text = '';
  try {
    for await (const chunk of response) {
      text += String(chunk);
      if (text.length > errorBytes) break;
    }
  } catch {
    // The status says enough.
  }
  const element = (name: string): string => new RegExp(`<${name}>([^<]*)</${name}>`).exec(text)?.[1] ?? '';
  const total = /\*\/(\d+)$/.exec(response.headers['content-range'] ?? '')?.[1];
  return new S3Failure(
    response.statusCode!,
    element('Code'),
    asked,
    element('Message'),
    total === undefined ? null : Number(total),
  );
}
