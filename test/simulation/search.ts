import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import type { Patch } from '../patches';
import type { Simulate } from './bundle';
import { bundleSimulation } from './bundle';
import type { Report } from './world/simulate';

export interface Simulation {
  readonly simulate: Simulate;
  /** Goes through seeds on every core and answers their reports by seed; stops early once `enough` says so. */
  readonly search: (from: number, to: number, enough?: (report: Report) => boolean) => Promise<Report[]>;
}

const worker = `
import { parentPort, workerData } from 'node:worker_threads';
import { simulate } from './simulate.mjs';
parentPort.on('message', async (seed) => parentPort.postMessage(await simulate(seed)));
`;

/** The simulation with these bugs planted, as long as `use` works with it. */
export async function withSimulation<T>(patches: readonly Patch[], use: (s: Simulation) => Promise<T>): Promise<T> {
  const dir = await mkdtemp(join(tmpdir(), 'minvar-simulation-'));
  try {
    const file = join(dir, 'simulate.mjs');
    await writeFile(file, await bundleSimulation(patches));
    await writeFile(join(dir, 'worker.mjs'), worker);
    const { simulate } = (await import(/* @vite-ignore */ pathToFileURL(file).href)) as { simulate: Simulate };
    return await use({ simulate, search: (from, to, enough) => search(join(dir, 'worker.mjs'), from, to, enough) });
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

async function search(
  file: string,
  from: number,
  to: number,
  enough: (report: Report) => boolean = () => false,
): Promise<Report[]> {
  const reports: Report[] = [];
  let [next, stop] = [from, false];
  const work = async (): Promise<void> => {
    const thread = new Worker(pathToFileURL(file));
    try {
      while (next <= to && !stop) {
        const answer = new Promise<Report>((resolve, reject) => {
          thread.once('message', resolve).once('error', reject);
        });
        thread.postMessage(next++);
        const report = await answer;
        thread.removeAllListeners('error');
        reports.push(report);
        stop ||= enough(report);
      }
    } finally {
      await thread.terminate();
    }
  };
  await Promise.all(Array.from({ length: Math.min(availableParallelism(), to - from + 1) }, work));
  return reports.sort((a, b) => a.seed - b.seed);
}

/** What a failing seed prints: what broke, and the line that replays it. */
export const told = ({ seed, problems }: Report): string =>
  `seed ${seed}: ${problems.join('\n  ')}\n  replay: node test/simulation/by-hand.mjs --seed ${seed}`;
