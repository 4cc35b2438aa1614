import { mkdirSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

/** Bundles the worker program as the build does, for tests: Node runs no TypeScript. */
export async function bundledWorker(): Promise<URL> {
  const root = fileURLToPath(new URL('../../../../', import.meta.url));
  // Inside the tree, so that the bare imports that stay in it are found.
  const outfile = `${root}node_modules/.cache/minvar-audit-worker/${process.pid}.mjs`;
  mkdirSync(`${root}node_modules/.cache/minvar-audit-worker`, { recursive: true });
  await build({
    entryPoints: [fileURLToPath(new URL('../worker/main.ts', import.meta.url))],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    logLevel: 'warning',
  });
  return pathToFileURL(outfile);
}
