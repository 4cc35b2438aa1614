// Lints the whole workspace in one process. The boundary rule reads Nx's project graph and passes silently without it,
// so the graph is made first; test/lint proves that the rule bites.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const env = { ...process.env, NX_TUI: 'false', NX_DAEMON: 'false', NX_NO_CLOUD: 'true' };
const run = (args) => spawnSync(process.execPath, args, { cwd: root, env, stdio: 'inherit' }).status ?? 1;
const graph = spawnSync(process.execPath, ['node_modules/nx/dist/bin/nx.js', 'show', 'projects'], {
  cwd: root,
  env,
  encoding: 'utf8',
});
if (graph.status !== 0) {
  process.stderr.write(`lint: Nx could not make the project graph\n${graph.stdout}${graph.stderr}`);
  process.exit(1);
}
process.exit(
  run([
    'node_modules/eslint/bin/eslint.js',
    '--max-warnings=0',
    ...(process.argv.length > 2 ? process.argv.slice(2) : ['.']),
  ]),
);
