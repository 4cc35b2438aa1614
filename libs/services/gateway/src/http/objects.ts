import { pipeline } from 'node:stream/promises';
import type { Request, RequestHandler, Response } from 'express';
import { InvalidKeyError, ObjectNotFoundError } from '@minvar/service-kit';
import type { ByteRange, LinkSigner, ObjectStore } from '@minvar/service-kit';

const mediaTypes: Readonly<Record<string, string>> = {
  json: 'application/json',
  md: 'text/markdown; charset=utf-8',
  txt: 'text/plain; charset=utf-8',
  csv: 'text/csv; charset=utf-8',
  png: 'image/png',
};

/** One range of bytes as RFC 9110 section 14.2 gives it; null: the whole; `outside`: not within the object. */
export function parseRange(header: string | undefined, size: number): ByteRange | null | 'outside' {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header ?? '');
  if (!match || (match[1] === '' && match[2] === '')) return null;
  const [, from, to] = match as unknown as [string, string, string];
  if (from === '')
    return Number(to) === 0 || size === 0 ? 'outside' : { start: Math.max(0, size - Number(to)), end: size - 1 };
  const start = Number(from);
  const end = to === '' ? size - 1 : Math.min(Number(to), size - 1);
  if (to !== '' && Number(to) < start) return null;
  return start >= size ? 'outside' : { start, end };
}

/** The text of a percent-encoded path, or null when it is not one. */
function decoded(path: string): string | null {
  try {
    return decodeURIComponent(path);
  } catch {
    return null;
  }
}

/** Objects by links that carry their own permission. Nothing is served that could run in the page's name. */
export function serveObjects(store: ObjectStore, signer: LinkSigner, now: () => number): RequestHandler {
  return async (request: Request, response: Response) => {
    const key = decoded(request.path.slice(1));
    if (key === null) return void response.status(404).json({ error: 'there is no such object' });
    const check = signer.verify(key, request.query, now());
    if (!check.ok) {
      const message =
        check.because === 'expired' ? 'this link has expired; ask for a new one' : 'this link is not valid';
      return void response.status(403).json({ error: message });
    }
    try {
      const found = await store.stat(key);
      if (!found) throw new ObjectNotFoundError(key);
      const range = parseRange(request.headers.range, found.size);
      const extension = key.slice(key.lastIndexOf('.') + 1);
      response.set({
        'accept-ranges': 'bytes',
        'content-type': mediaTypes[extension] ?? 'application/octet-stream',
        'content-disposition': `attachment; filename="${(check.filename ?? key.slice(key.lastIndexOf('/') + 1)).replace(/[^A-Za-z0-9._-]/g, '-')}"`,
        'cache-control': 'private, max-age=3600',
        'content-security-policy': "default-src 'none'; sandbox",
      });
      if (range === 'outside') return void response.status(416).set('content-range', `bytes */${found.size}`).end();
      const { start, end } = range ? { start: range.start, end: range.end! } : { start: 0, end: found.size - 1 };
      response.status(range ? 206 : 200).set('content-length', String(end - start + 1));
      if (range) response.set('content-range', `bytes ${start}-${end}/${found.size}`);
      if (request.method === 'HEAD' || found.size === 0) return void response.end();
      const { body } = await store.getStream(key, range ? { range: { start, end } } : {});
      await pipeline(body, response);
    } catch (e) {
      if (response.headersSent) return void response.destroy();
      if (e instanceof ObjectNotFoundError || e instanceof InvalidKeyError)
        return void response.status(404).json({ error: 'there is no such object' });
      throw e;
    }
  };
}
