import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const program = resolve(import.meta.dirname, 'setup.mjs');
let scratch: string;

beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), 'minvar-setup-'));
});
afterEach(() => rmSync(scratch, { recursive: true, force: true }));

const which = (name: string): string =>
  spawnSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).stdout.trim();

/** Runs the set-up with an empty cache and a PATH that holds only these tools. */
function setUp(tools: Record<string, string>, cache = join(scratch, 'cache')) {
  const bin = join(scratch, 'bin');
  mkdirSync(bin);
  for (const [name, target] of Object.entries(tools)) {
    if (target.startsWith('#!')) writeFileSync(join(bin, name), target, { mode: 0o755 });
    else symlinkSync(target, join(bin, name));
  }
  const { PATH: _, CXX: __, ...env } = process.env;
  const r = spawnSync(process.execPath, [program], {
    encoding: 'utf8',
    env: { ...env, PATH: bin, MINVAR_CACHE: cache },
  });
  return { ...r, cache };
}

describe('setting TensorFlow up', () => {
  it('names every missing tool and what to install, and leaves nothing behind', () => {
    const r = setUp({});
    expect(r.status).toBe(1);
    expect(r.stderr).toContain('python3');
    expect(r.stderr).toContain('g++');
    expect(r.stderr).toContain('apt-get install');
    expect(() => readdirSync(r.cache)).toThrow();
  });

  it('names pip alone when only pip is missing', () => {
    const r = setUp({ python3: '#!/bin/sh\n[ "$1" = "-m" ] && exit 1\nexit 0\n', 'g++': which('g++') });
    expect(r.status).toBe(1);
    expect(r.stderr).toContain('missing pip for python3');
    expect(r.stderr).not.toContain('C++17');
  });

  it('says what pip said when the download fails, and releases its lock', () => {
    const fake =
      '#!/bin/sh\ncase "$*" in *"pip download"*--help*) exit 0;; *"pip download"*) echo "no route to the index" >&2; exit 3;; esac\nexit 0\n';
    const r = setUp({ python3: fake, 'g++': which('g++') });
    expect(r.status).toBe(1);
    expect(r.stderr).toContain('could not be downloaded (pip exited with 3)');
    expect(r.stderr).toContain('no route to the index');
    expect(readdirSync(r.cache).filter((n) => n.endsWith('.lock') || n.includes('tensorflow-cpu'))).toEqual([]);
  });

  it('refuses a cache that cannot be made, naming it', () => {
    const fake = '#!/bin/sh\nexit 0\n';
    const r = setUp({ python3: fake, 'g++': which('g++') }, '/proc/minvar/cache');
    expect(r.status).toBe(1);
    expect(r.stderr).toMatch(/the cache \/proc\/minvar\/cache cannot be made .*MINVAR_CACHE/);
  }, 10_000);

  it('refuses a wheel whose hash is not the pinned one', () => {
    const fake =
      '#!/bin/sh\ncase "$*" in *--help*) exit 0;; *"pip download"*) while [ "$1" != "-d" ]; do shift; done; echo forged > "$2/tensorflow_cpu.whl"; exit 0;; esac\nexit 0\n';
    const r = setUp({ python3: fake, 'g++': which('g++') });
    expect(r.status).toBe(1);
    expect(r.stderr).toContain('not the official file');
  });
});
