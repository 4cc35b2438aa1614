import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { build } from 'esbuild';

/**
 * Bundles programs of a test for Node, in a folder from which packages resolve. Own sources go in; packages stay outside.
 * Answers the paths in order, and how to take the folder away.
 */
export async function bundlePrograms(
  entries: readonly string[],
): Promise<{ readonly paths: readonly string[]; readonly remove: () => void }> {
  const root = resolve(import.meta.dirname, '../../../../..');
  const cache = join(root, 'node_modules', '.cache');
  mkdirSync(cache, { recursive: true });
  const dir = mkdtempSync(join(cache, 'minvar-test-'));
  await build({
    entryPoints: entries.map((path, i) => ({ in: path, out: `program-${i}` })),
    outdir: dir,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    logLevel: 'error',
    plugins: [
      {
        name: 'packages-stay-outside',
        setup: (b) =>
          b.onResolve({ filter: /^[^./]/ }, ({ path, kind }) =>
            kind === 'entry-point' || path.startsWith('@minvar/') ? undefined : { path, external: true },
          ),
      },
    ],
  });
  return {
    paths: entries.map((_, i) => join(dir, `program-${i}.mjs`)),
    remove: () => rmSync(dir, { recursive: true, force: true }),
  };
}
