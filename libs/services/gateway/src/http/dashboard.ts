import { existsSync } from 'node:fs';
import { join } from 'node:path';
import express from 'express';
import type { RequestHandler } from 'express';

/** Only what the page itself brings may run, and nobody may frame it. Samples of datasets are data URLs. */
const policy = [
  "default-src 'self'",
  "img-src 'self' data: blob:",
  "connect-src 'self'",
  "object-src 'none'",
  "base-uri 'self'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join('; ');

export const securityHeaders: RequestHandler = (_request, response, next) => {
  response.set({
    'content-security-policy': policy,
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
  });
  next();
};

/** The built web page; every address that a person may open is the page itself. */
export function serveDashboard(dir: string): RequestHandler[] {
  const index = join(dir, 'index.html');
  const files = express.static(dir, {
    index: 'index.html',
    setHeaders: (response, path) => {
      const isHashed = /[\\/]assets[\\/]/.test(path);
      response.setHeader('cache-control', isHashed ? 'public, max-age=31536000, immutable' : 'no-cache');
    },
  });
  return [
    files,
    (request, response, next) => {
      const wantsPage =
        request.method === 'GET' && request.accepts(['html', 'json']) === 'html' && !/\.[a-z0-9]+$/i.test(request.path);
      if (!wantsPage || !existsSync(index)) return next();
      response.setHeader('cache-control', 'no-cache');
      response.sendFile(index);
    },
  ];
}
