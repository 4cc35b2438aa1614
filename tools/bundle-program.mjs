import { build } from 'esbuild';

/** Bundles a TypeScript program with the libs it imports into one file for Node; packages stay outside, so the file is to lie where they are found from. */
export const bundleProgram = (entry, outfile, { plugins = [], ...options } = {}) =>
  build({
    entryPoints: [entry],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    logLevel: 'warning',
    plugins: [
      ...plugins,
      {
        name: 'packages-stay-outside',
        setup: (b) =>
          b.onResolve({ filter: /^[^./]/ }, ({ path, kind }) =>
            kind === 'entry-point' || path.startsWith('@minvar/') ? undefined : { path, external: true },
          ),
      },
    ],
    ...options,
  });
