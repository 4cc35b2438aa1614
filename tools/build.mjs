// `npm run build`: bundles for Node into dist/*.mjs (the project's own code; packages stay in node_modules) and the web
// page into dist/dashboard. What is fresh is left alone. The command line calls this by itself when sources changed.
import { mkdirSync, readFileSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  bundlesAreFresh,
  dashboardFiles,
  dashboardIsFresh,
  existingEntries,
  readStamp,
  stampsOf,
} from './build-stamp.mjs';
import { withBuildLock } from './build-lock.mjs';

const hour = 60 * 60 * 1000;

/** @minvar/<name> → its entry file, from the workspaces' package.json. */
function ownPackages(root) {
  const folders = ['apps', 'libs', 'libs/services'].flatMap((f) =>
    readdirSync(join(root, f), { withFileTypes: true })
      .filter((e) => e.isDirectory())
      .map((e) => `${f}/${e.name}`),
  );
  const packages = new Map();
  for (const folder of [...folders, 'experiments', 'tools']) {
    let json;
    try {
      json = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'));
    } catch {
      continue;
    }
    const main = json.exports?.['.'];
    if (json.name?.startsWith('@minvar/') && typeof main === 'string') {
      packages.set(json.name, resolve(root, folder, main));
    }
  }
  return packages;
}

const ownSourcesOnly = (root) => ({
  name: 'own-sources-only',
  setup(build) {
    const packages = ownPackages(root);
    build.onResolve({ filter: /^[^./]/ }, (args) => {
      if (args.kind === 'entry-point') return undefined;
      const own = packages.get(args.path);
      if (own) return { path: own };
      if (args.path.startsWith('@minvar/')) {
        return {
          errors: [
            { text: `'${args.path}' is no package of this workspace; import a lib by its name, nothing inside it` },
          ],
        };
      }
      return { path: args.path, external: true };
    });
  },
});

async function buildBundles(root) {
  const esbuild = await import('esbuild');
  const entryPoints = existingEntries(root);
  const { metafile, outputFiles } = await esbuild.build({
    absWorkingDir: root,
    entryPoints,
    outdir: 'dist',
    outExtension: { '.js': '.mjs' },
    // beside the entries, so that files found from `import.meta.url` are found from a chunk too
    chunkNames: 'chunk-[hash]',
    bundle: true,
    splitting: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    sourcemap: true,
    metafile: true,
    write: false,
    legalComments: 'none',
    logLevel: 'silent',
    plugins: [ownSourcesOnly(root)],
  });
  // Chunks before the entries that import them, each whole or not at all: others may be reading.
  const isEntry = (path) => !basename(path).startsWith('chunk-');
  for (const { path, contents } of outputFiles.sort((a, b) => isEntry(a.path) - isEntry(b.path))) {
    writeFileSync(`${path}.${process.pid}`, contents);
    renameSync(`${path}.${process.pid}`, path);
  }
  const outputs = outputFiles.map((f) => `dist/${basename(f.path)}`);
  // A laboratory that is running may still load chunks of the build before: they go an hour later.
  for (const name of readdirSync(join(root, 'dist'))) {
    const path = join(root, 'dist', name);
    if (name.startsWith('chunk-') && !outputs.includes(`dist/${name}`) && Date.now() - statSync(path).mtimeMs > hour) {
      rmSync(path);
    }
  }
  const inputs = Object.keys(metafile.inputs).map((p) => p.replace(/^[a-z-]+:/, ''));
  return { entries: Object.keys(entryPoints), inputs: stampsOf(root, inputs), outputs };
}

async function buildDashboard(root) {
  const { build } = await import('vite');
  const inputs = stampsOf(root, dashboardFiles(root));
  const target = join(root, 'dist/dashboard');
  const scratch = join(root, `dist/.dashboard-${process.pid}`);
  try {
    await build({
      root: join(root, 'apps/dashboard'),
      configFile: join(root, 'apps/dashboard/vite.config.ts'),
      logLevel: 'error',
      build: { outDir: scratch, emptyOutDir: true },
    });
    rmSync(`${scratch}.old`, { recursive: true, force: true });
    try {
      renameSync(target, `${scratch}.old`);
    } catch (e) {
      if (e.code !== 'ENOENT') throw e;
    }
    renameSync(scratch, target);
    return { inputs };
  } finally {
    rmSync(scratch, { recursive: true, force: true });
    rmSync(`${scratch}.old`, { recursive: true, force: true });
  }
}

function writeStamp(root, stamp) {
  const path = join(root, 'dist/stamp.json');
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(`${path}.${process.pid}`, JSON.stringify(stamp));
  renameSync(`${path}.${process.pid}`, path);
}

/** Builds what is stale. Throws with the compiler's messages when a source does not compile. */
export async function build({ root, log }) {
  await withBuildLock(
    root,
    async () => {
      const stamp = readStamp(root) ?? {};
      const stale = [...(bundlesAreFresh(root) ? [] : ['bundles']), ...(dashboardIsFresh(root) ? [] : ['dashboard'])];
      for (const part of stale) {
        const from = Date.now();
        stamp[part] = part === 'bundles' ? await buildBundles(root) : await buildDashboard(root);
        log(
          `built ${part === 'bundles' ? 'dist/*.mjs' : 'dist/dashboard'} in ${((Date.now() - from) / 1000).toFixed(1)} s`,
        );
        writeStamp(root, stamp);
      }
    },
    (pid) => log(`waiting for the build of process ${pid}`),
  );
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const root = fileURLToPath(new URL('..', import.meta.url)).replace(/\/$/, '');
  try {
    await build({ root, log: (line) => process.stderr.write(`${line}\n`) });
  } catch (e) {
    process.stderr.write(`${e.message}\n`);
    process.exit(1);
  }
}
