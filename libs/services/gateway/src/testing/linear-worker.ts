import { mkdirSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

/** Bundles the thread that solves linear problems as the build does, for tests: Node runs no TypeScript. */
export async function bundleLinearWorker(): Promise<URL> {
  const folder = fileURLToPath(new URL('../../../../../node_modules/.cache/minvar-linear-worker/', import.meta.url));
  mkdirSync(folder, { recursive: true });
  const outfile = `${folder}${process.pid}.mjs`;
  await build({
    entryPoints: [fileURLToPath(new URL('../linear/worker.ts', import.meta.url))],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    logLevel: 'warning',
  });
  return pathToFileURL(outfile);
}
