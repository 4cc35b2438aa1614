import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RunHead } from '@minvar/contracts';
import type { ObjectStore } from '@minvar/service-kit';
import { createInProcessRunner } from '../src/testing/in-process-runner';
import { createLaboratory } from '../src/testing/laboratory';

// How the trainer bears a long queue: `node tools/by-hand.mjs libs/services/trainer/by-hand/queue.ts [runs] [seconds]`. Real log and store in a
// temporary folder, runs that do nothing; prints quantiles in milliseconds. Figures are worth something on an idle machine only.

const [wanted = 10_000, seconds = 20] = process.argv.slice(2).map(Number);
const places = 4;

const quantile = (x: readonly number[], q: number): number =>
  [...x].sort((a, b) => a - b)[Math.min(x.length - 1, Math.floor(q * x.length))] ?? Number.NaN;
const show = (what: string, x: readonly number[]): void =>
  console.log(
    `${what.padEnd(44)} n ${String(x.length).padStart(6)}   p50 ${quantile(x, 0.5).toFixed(1).padStart(7)}   p99 ${quantile(x, 0.99).toFixed(1).padStart(7)}   max ${quantile(x, 1).toFixed(1).padStart(7)}`,
  );

/** Times swaps that claim: from the moment when the runner has decided to. */
function timed(store: ObjectStore, claims: number[]): ObjectStore {
  return {
    ...store,
    swap: async (key, body, options) => {
      const from = performance.now();
      const done = await store.swap(key, body, options);
      const text = Buffer.from(body).toString('utf8');
      if (key.startsWith('runs/') && (JSON.parse(text) as RunHead).state === 'CLAIMED')
        claims.push(performance.now() - from);
      return done;
    },
  };
}

const lab = await createLaboratory();
const claims: number[] = [];
const gaps: number[] = [];
const free: number[] = [];
let queuedAt: number | null = null;
const inner = createInProcessRunner({
  store: timed(lab.store, claims),
  slots: places,
  now: lab.now,
  send: lab.send,
  behave: () => 'succeed',
});
inner.onExit(() => void free.push(performance.now()));
const executor = {
  ...inner,
  start: async (execution: Parameters<typeof inner.start>[0]) => {
    await inner.start(execution);
    const since = free.shift();
    if (since !== undefined) gaps.push(performance.now() - since);
  },
};
await lab.trainer({ executor, groupLimit: 6 }).start();
const began = performance.now();
await lab.runExperiment('colour', 'quick', { seeds: Math.ceil(wanted / 2) });
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
while ((await lab.ingest()) === 0) await pause(10);

let before = { claims: 0, gaps: 0 };
void (async () => {
  while (!(await lab.events('experiment')).some((e) => e.type === 'experiment.expanded')) await pause(100);
  queuedAt = performance.now();
  before = { claims: claims.length, gaps: gaps.length };
})();
/** What the disk and whoever else is at work leave to anybody: one small file written and flushed, now and then. */
const flushes: number[] = [];
const scratch = await mkdtemp(join(tmpdir(), 'minvar-queue-'));
const flushing = setInterval(() => {
  const from = performance.now();
  void (async () => {
    const file = await open(join(scratch, String(from)), 'w');
    await file.writeFile(Buffer.alloc(1024));
    await file.sync();
    await file.close();
    if (queuedAt !== null) flushes.push(performance.now() - from);
  })();
}, 50);

while (queuedAt === null || performance.now() - queuedAt < seconds * 1000) await pause(100);
clearInterval(flushing);
console.log(
  `${wanted} runs made in ${((queuedAt - began) / 1000).toFixed(1)} s, ${places} places, 6 runs an execution`,
);
show('claim while runs are made', claims.slice(0, before.claims));
show('claim with the queue full', claims.slice(before.claims));
show('place free to next start, while made', gaps.slice(0, before.gaps));
show('place free to next start, queue full', gaps.slice(before.gaps));
console.log(`${(claims.slice(before.claims).length / seconds).toFixed(0)} runs a second from claim to terminal event`);
show('one flushed file of 1 KB meanwhile', flushes);
await rm(scratch, { recursive: true });
await lab.close();
process.exit(0);
