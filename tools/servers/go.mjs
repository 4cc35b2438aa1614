import { spawn, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { madeOnce } from './cache.mjs';

/** Go before 1.21 does not fetch the version that a program asks for. */
export function missingGo() {
  const { stdout } = spawnSync('go', ['version'], { encoding: 'utf8' });
  const [, major, minor] = /go(\d+)\.(\d+)/.exec(stdout ?? '') ?? [];
  if (major !== undefined && (Number(major) > 1 || Number(minor) >= 21)) return [];
  const found = major === undefined ? 'none is on the path' : `${major}.${minor} is on the path`;
  return [`Go, 1.21 or newer (${found}; https://go.dev/dl)`];
}

const run = (command, args, env) =>
  new Promise((done) => {
    const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, ...env } });
    let said = '';
    child.stderr.on('data', (text) => (said = (said + text).slice(-4000)));
    child.on('error', (error) => done({ code: 1, said: error.message }));
    child.on('exit', (code) => done({ code, said }));
  });

/** Builds a Go program of one version into the cache, once; answers its path. */
export async function goProgram({ cache, say, name, version, package: path }) {
  const folder = await madeOnce(join(cache, 'servers', `${name}-${version}`), async (building) => {
    say(`${name} ${version}: building it (minutes, once)`);
    const { code, said } = await run('go', ['install', '-ldflags=-s -w', `${path}@${version}`], {
      GOBIN: building,
      GOFLAGS: '-buildvcs=false',
    });
    if (code !== 0) throw new Error(`${name} ${version} could not be built: go install ${path}@${version}:\n${said}`);
    return building;
  });
  return join(folder, name);
}
