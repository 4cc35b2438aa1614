import { join } from 'node:path';
import type { Plugin } from 'esbuild';
import { build } from 'esbuild';
import type { Patch } from '../patches';
import { patched } from '../patches';
import type { Report } from './world/simulate';

export type Simulate = (seed: number, options?: { readonly trace?: boolean }) => Promise<Report>;

const here = import.meta.dirname;
const standIns: Readonly<Record<string, string>> = {
  'node:crypto': 'crypto.ts',
  'node:fs': 'fs.ts',
  'node:fs/promises': 'fs.ts',
  'node:child_process': 'child-process.ts',
  'node:timers/promises': 'timers-promises.ts',
};
/** Real servers and their clients: in no simulation. Using one fails with the name that is missing. */
const absent = /^(lmdb|kafkajs|minio|pg|pino|prom-client|kysely|@electric-sql\/pglite)(\/|$)/;

const simulated: Plugin = {
  name: 'simulated',
  setup(context) {
    context.onResolve({ filter: /^node:/ }, ({ path, importer }) => {
      const file = standIns[path];
      return file && !importer.includes('/stand-ins/')
        ? { path: join(here, 'stand-ins', file), namespace: 'stand-in' }
        : { path, external: true };
    });
    // Through CommonJS: a name that a stand-in lacks is then missing when it is used, not when it is imported.
    context.onLoad({ filter: /.*/, namespace: 'stand-in' }, ({ path }) => ({
      contents: `module.exports = require(${JSON.stringify(path)})`,
      resolveDir: here,
    }));
    context.onResolve({ filter: absent }, ({ path }) => ({ path, namespace: 'absent' }));
    context.onLoad({ filter: /.*/, namespace: 'absent' }, () => ({ contents: 'module.exports = {}' }));
    context.onResolve({ filter: /^(\.|@minvar\/)/ }, async ({ path, pluginData, ...where }) => {
      if (pluginData === 'resolving') return null;
      return { ...(await context.resolve(path, { ...where, pluginData: 'resolving' })), sideEffects: false };
    });
  },
};

/** Bundles the simulation with the production modules as they are, or with bugs planted; answers JavaScript. */
export async function bundleSimulation(patches: readonly Patch[] = []): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [join(here, 'world/simulate.ts')],
    write: false,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    inject: [join(here, 'world/virtual.ts')],
    define: { 'Math.random': 'virtualRandom' },
    plugins: [patched(patches), simulated],
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire('/');" },
    logLevel: 'silent',
    sourcemap: 'inline',
  });
  return outputFiles[0]!.text;
}
