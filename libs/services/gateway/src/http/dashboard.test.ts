import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import express from 'express';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { securityHeaders, serveDashboard } from './dashboard';

let dir: string;
let server: Server;
let url: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'minvar-page-'));
  await mkdir(join(dir, 'assets'));
  await writeFile(join(dir, 'index.html'), '<title>minvar</title>');
  await writeFile(join(dir, 'assets', 'main-1a2b.js'), 'export {};');
  const app = express();
  app.use(securityHeaders, ...serveDashboard(dir));
  server = createServer(app);
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(async () => {
  await new Promise((done) => server.close(done));
  await rm(dir, { recursive: true, force: true });
});

describe('the web page', () => {
  it('is served for every address that a person may open, under a policy that runs its own scripts only', async () => {
    for (const path of ['/', '/runs/run_1']) {
      const response = await fetch(`${url}${path}`, { headers: { accept: 'text/html' } });
      expect(await response.text()).toContain('minvar');
      expect(response.headers.get('cache-control')).toBe('no-cache');
      expect(response.headers.get('content-security-policy')).toContain("default-src 'self'");
      expect(response.headers.get('content-security-policy')).not.toContain('unsafe');
    }
  });

  it('keeps hashed files for ever, and does not pass the page off as a missing one', async () => {
    const script = await fetch(`${url}/assets/main-1a2b.js`);
    expect(script.headers.get('cache-control')).toContain('immutable');
    expect((await fetch(`${url}/assets/gone.js`, { headers: { accept: '*/*' } })).status).toBe(404);
    const outside = await fetch(`${url}/..%2f..%2f..%2f..%2fetc%2fpasswd`, { headers: { accept: 'application/json' } });
    expect(outside.status).toBeGreaterThanOrEqual(400);
  });
});
