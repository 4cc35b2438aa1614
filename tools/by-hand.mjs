// Bundles a TypeScript file with the libs it imports and runs it: `node tools/by-hand.mjs FILE [arguments]`. For measurements that a person starts.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { bundleProgram } from './bundle-program.mjs';

const [file, ...rest] = process.argv.slice(2);
if (!file) {
  console.error('which file? node tools/by-hand.mjs FILE [arguments]');
  process.exit(2);
}
// Beside node_modules, so that packages are found from there.
const dir = mkdtempSync(join(import.meta.dirname, '../dist/by-hand-'));
const out = join(dir, 'program.mjs');
try {
  await bundleProgram(resolve(file), out, { sourcemap: 'inline' });
  const child = spawn(process.execPath, ['--enable-source-maps', out, ...rest], { stdio: 'inherit' });
  process.exitCode = await new Promise((done) => child.on('exit', (code) => done(code ?? 1)));
} finally {
  rmSync(dir, { recursive: true, force: true });
}
