import { mkdirSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

/** Bundles the worker program as the build does, for tests: Node runs no TypeScript. */
export async function bundleWorker(): Promise<URL> {
  const root = fileURLToPath(new URL('../../../../', import.meta.url));
  // Inside the tree, so that the bare imports that stay in it are found.
  const outfile = `${root}node_modules/.cache/minvar-read-model-worker/${process.pid}.mjs`;
  mkdirSync(`${root}node_modules/.cache/minvar-read-model-worker`, { recursive: true });
  const entryPoints = [fileURLToPath(new URL('../worker/main.ts', import.meta.url))];
  await build({
    entryPoints,
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    packages: 'external',
    logLevel: 'warning',
  });
  return pathToFileURL(outfile);
}
