#!/usr/bin/env node
// Starts the command line; builds it first when a source is newer than the build. Says so on stderr: stdout is the command's.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../..', import.meta.url)).replace(/\/$/, '');
const [major, minor] = process.versions.node.split('.').map(Number);
const supported = (major === 20 && minor >= 19) || (major === 22 && minor >= 12) || major === 24;

async function launch() {
  if (!supported) {
    const hint = 'minvar runs on Node 20.19 or newer, 22.12 or newer, and 24; install one of them (https://nodejs.org)';
    if (major < 20) throw new Error(`Node ${process.versions.node} is too old: ${hint}`);
    process.stderr.write(`minvar: Node ${process.versions.node} is not tested: ${hint}\n`);
  }
  if (!existsSync(`${root}/node_modules`)) throw new Error(`packages are missing: run \`npm ci\` in ${root}`);
  const { isFresh } = await import(new URL('../../../tools/build-stamp.mjs', import.meta.url).href);
  if (!isFresh(root)) {
    process.stderr.write('minvar: sources changed, building …\n');
    const { build } = await import(new URL('../../../tools/build.mjs', import.meta.url).href);
    await build({ root, log: (line) => process.stderr.write(`minvar: ${line}\n`) });
  }
  process.setSourceMapsEnabled(true);
  await import(new URL('../../../dist/cli.mjs', import.meta.url).href);
}

launch().catch((e) => {
  process.stderr.write(`minvar: ${e?.message ?? e}\n`);
  process.exit(1);
});
