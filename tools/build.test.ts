import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
// @ts-expect-error plain JavaScript: it runs before anything is built
import { build } from './build.mjs';
// @ts-expect-error plain JavaScript
import { isFresh } from './build-stamp.mjs';

const repository = resolve(import.meta.dirname, '..');
const roots: string[] = [];
afterEach(() => roots.splice(0).forEach((r) => rmSync(r, { recursive: true, force: true })));

function workspace(files: Record<string, string>): string {
  const root = mkdtempSync(join(tmpdir(), 'minvar-build-'));
  roots.push(root);
  symlinkSync(join(repository, 'node_modules'), join(root, 'node_modules'));
  for (const folder of ['apps', 'libs/services']) mkdirSync(join(root, folder), { recursive: true });
  for (const [path, text] of Object.entries({ 'package-lock.json': '{}', 'apps/dashboard/README.md': '', ...files })) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return root;
}

const sources = {
  'apps/cli/src/main.ts': `import { two } from '@minvar/numbers'; import { sep } from 'node:path'; import zod from 'zod'; void [sep, zod]; console.log(two() as number);`,
  'libs/numbers/package.json': '{ "name": "@minvar/numbers", "exports": { ".": "./src/index.ts" } }',
  'libs/numbers/src/index.ts': `export { two } from './two';`,
  'libs/numbers/src/two.ts': 'export const two = (): number => 2;',
};
const log = () => undefined;

describe('the build', () => {
  it('bundles the workspace’s own packages and leaves the others outside', async () => {
    const root = workspace(sources);
    await build({ root, log });
    const text = readFileSync(join(root, 'dist/cli.mjs'), 'utf8');
    expect(text).toContain('=> 2');
    expect(text).not.toContain('@minvar/numbers');
    expect(text).toMatch(/from\s*"zod"/);
  });

  it('is fresh until a file that it read changes, or a new entry appears', async () => {
    const root = workspace(sources);
    expect(isFresh(root)).toBe(false);
    await build({ root, log });
    expect(isFresh(root)).toBe(true);
    writeFileSync(join(root, 'libs/numbers/src/unread.ts'), '');
    expect(isFresh(root)).toBe(true);
    utimesSync(join(root, 'libs/numbers/src/two.ts'), 1, 1);
    expect(isFresh(root)).toBe(false);
    await build({ root, log });
    mkdirSync(join(root, 'apps/runner/src'), { recursive: true });
    writeFileSync(join(root, 'apps/runner/src/main.ts'), '');
    expect(isFresh(root)).toBe(false);
  });

  it('names file and line of what does not compile, and stays stale', async () => {
    const root = workspace({ ...sources, 'libs/numbers/src/two.ts': 'export const two = (: number => 2;' });
    await expect(build({ root, log })).rejects.toThrow(/libs\/numbers\/src\/two\.ts:1:\d+/);
    expect(isFresh(root)).toBe(false);
  });

  it('is done by one process at a time, and a lock of a dead process holds nobody up', async () => {
    const root = workspace({});
    mkdirSync(join(root, 'dist'));
    // a process number beyond the kernel's limit: no such process
    writeFileSync(join(root, 'dist/build.lock'), '4194305');
    const script = `
      import { appendFileSync } from 'node:fs';
      import { withBuildLock } from ${JSON.stringify(join(repository, 'tools/build-lock.mjs'))};
      await withBuildLock(${JSON.stringify(root)}, async () => {
        appendFileSync(${JSON.stringify(join(root, 'order'))}, 'in ');
        await new Promise((r) => setTimeout(r, 30));
        appendFileSync(${JSON.stringify(join(root, 'order'))}, 'out ');
      });`;
    const exits = Array.from(
      { length: 4 },
      () =>
        new Promise((done) =>
          spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: 'inherit' }).on('exit', done),
        ),
    );
    expect(await Promise.all(exits)).toEqual([0, 0, 0, 0]);
    expect(readFileSync(join(root, 'order'), 'utf8')).toBe('in out '.repeat(4));
  });
});
