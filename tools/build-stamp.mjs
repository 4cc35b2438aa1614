// What a build was made of, and whether it still is: a few hundred stat calls, so that a command starts at once when
// nothing changed. Plain JavaScript without dependencies: the command line's launcher runs it before anything is built.
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

const stampFile = 'dist/stamp.json';

/** Bundle name → entry; one whose entry does not exist is not built. */
export const entries = {
  cli: 'apps/cli/src/main.ts',
  runner: 'apps/runner/src/main.ts',
  'runner-child': 'apps/runner/src/child.ts',
  'read-model-worker': 'libs/read-model/src/worker/main.ts',
  'linear-worker': 'libs/services/gateway/src/linear/worker.ts',
  gateway: 'apps/gateway/src/main.ts',
  trainer: 'apps/trainer/src/main.ts',
  analyzer: 'apps/analyzer/src/main.ts',
  'data-ingest': 'apps/data-ingest/src/main.ts',
  'audit-worker': 'libs/audit/src/worker/main.ts',
  'audit-gram': 'libs/audit/src/gram/main.ts',
  'bench-engine': 'libs/bench/src/train/engine-main.ts',
  'bench-tfjs': 'libs/bench/src/train/tfjs-main.ts',
};

const dashboardFolder = 'apps/dashboard';
const shared = ['package-lock.json', 'tools/build.mjs', 'tools/build-stamp.mjs'];

const stampOf = (root, path) => {
  const s = statSync(join(root, path), { throwIfNoEntry: false });
  return s ? `${s.mtimeMs}:${s.size}` : 'absent';
};

/** path → stamp, for the files that a build read. */
export function stampsOf(root, paths) {
  return Object.fromEntries([...new Set([...paths, ...shared])].sort().map((p) => [p, stampOf(root, p)]));
}

export function existingEntries(root) {
  return Object.fromEntries(Object.entries(entries).filter(([, p]) => stampOf(root, p) !== 'absent'));
}

/** Files that vite may read; tests are none of them. */
export function dashboardFiles(root) {
  return readdirSync(join(root, dashboardFolder), { recursive: true, withFileTypes: true })
    .filter((e) => e.isFile() && !/\.test\.tsx?$/.test(e.name))
    .map((e) =>
      join(e.parentPath ?? e.path, e.name)
        .slice(root.length)
        .replace(/^\//, ''),
    )
    .filter((p) => !/\/(node_modules|dist)\//.test(p));
}

export function readStamp(root) {
  try {
    return JSON.parse(readFileSync(join(root, stampFile), 'utf8'));
  } catch {
    return null;
  }
}

const unchanged = (root, stamps) => Object.entries(stamps).every(([p, s]) => stampOf(root, p) === s);

export function bundlesAreFresh(root, stamp = readStamp(root)) {
  if (!stamp?.bundles) return false;
  const now = Object.keys(existingEntries(root));
  return (
    now.length === stamp.bundles.entries.length &&
    now.every((n) => stamp.bundles.entries.includes(n)) &&
    unchanged(root, stamp.bundles.inputs) &&
    stamp.bundles.outputs.every((p) => stampOf(root, p) !== 'absent')
  );
}

export function dashboardIsFresh(root, stamp = readStamp(root)) {
  if (!stamp?.dashboard) return stampOf(root, `${dashboardFolder}/index.html`) === 'absent';
  const files = dashboardFiles(root);
  return (
    files.every((f) => f in stamp.dashboard.inputs) &&
    unchanged(root, stamp.dashboard.inputs) &&
    stampOf(root, 'dist/dashboard/index.html') !== 'absent'
  );
}

export const isFresh = (root) => {
  const stamp = readStamp(root);
  return bundlesAreFresh(root, stamp) && dashboardIsFresh(root, stamp);
};
