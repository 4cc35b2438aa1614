#!/usr/bin/env node
// node test/simulation/by-hand.mjs [--seeds FROM..TO | --seed N]: see README.md.
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const value = (name) => {
  const at = process.argv.indexOf(name);
  return at < 0 ? undefined : process.argv[at + 1];
};
const one = value('--seed');
const [from, to = from] = (one ?? value('--seeds') ?? '1..1000').split('..').map(Number);
if (!(from >= 1 && to >= from)) {
  console.error('usage: node test/simulation/by-hand.mjs [--seeds 1..1000 | --seed 7]');
  process.exit(2);
}

const here = import.meta.dirname;
const { outputFiles } = await build({
  entryPoints: [join(here, 'search.ts')],
  write: false,
  bundle: true,
  platform: 'node',
  format: 'esm',
  packages: 'external',
  define: { 'import.meta.dirname': JSON.stringify(here) },
});
// Beside this file for a moment: npm packages resolve from there.
const file = join(here, `.search-${process.pid}.mjs`);
await writeFile(file, outputFiles[0].text);
const { told, withSimulation } = await import(pathToFileURL(file).href).finally(() => rm(file));

await withSimulation([], async ({ simulate, search }) => {
  if (one !== undefined) {
    const { trace, ...report } = await simulate(from, { trace: true });
    console.log(trace.join('\n'));
    console.log(report);
    process.exitCode = report.problems.length > 0 ? 1 : 0;
    return;
  }
  const started = performance.now();
  const reports = await search(from, to, (report) => {
    if (report.problems.length > 0) console.log(told(report));
    return false;
  });
  const mean = (of) => reports.reduce((sum, r) => sum + of(r), 0) / reports.length;
  const least = (of) => reports.reduce((least, r) => Math.min(least, of(r)), Infinity);
  const faults = {};
  for (const r of reports) for (const [name, n] of Object.entries(r.faults)) faults[name] = (faults[name] ?? 0) + n;
  const failed = reports.filter((r) => r.problems.length > 0).length;
  console.log(faults);
  console.log(
    `${reports.length} seeds in ${((performance.now() - started) / 1000).toFixed(1)} s: ${failed} failed; ` +
      `steps a seed ${Math.round(mean((r) => r.steps))} (least ${least((r) => r.steps)}), ` +
      `crashes ${mean((r) => r.crashes).toFixed(1)} (least ${least((r) => r.crashes)})`,
  );
  process.exitCode = failed > 0 ? 1 : 0;
});
