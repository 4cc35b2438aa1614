import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { MetricPoint, RunSpecInput } from '@minvar/contracts';
import { exitCodes, objectKeys, sha256Hex } from '@minvar/contracts';
import { stream } from '@minvar/random';
import { bundlePrograms } from './testing/bundle';
import type { Doom } from './testing/doomed-child';
import { storeImages, trainImages } from './testing/images';
import type { Laboratory } from './testing/laboratory';
import { createLaboratory } from './testing/laboratory';

// Real supervisors and real TensorFlow children, killed with real signals at pseudo-random calls. Short here; every model and precision after 1, 3
// and 10 kills: MINVAR_KILLS=1,3,10 npx vitest run libs/services/runner/src/kill-and-resume.tf.test.ts
// A failing seed is replayed by MINVAR_SEED=<seed>.
const long = process.env['MINVAR_KILLS']?.split(',').map(Number);
const seed = Number(process.env['MINVAR_SEED'] ?? Date.now() % 1_000_000);
console.log(`kill and resume: MINVAR_SEED=${seed}`);

const models = { 'small-cnn': { name: 'small-cnn', width: 4 }, resnet18: { name: 'resnet18', width: 8 } } as const;
interface Case {
  readonly model: keyof typeof models;
  readonly precision: 'fp32' | 'bf16';
  readonly kills: readonly number[];
  /** the step as a function that is called so often a run, while what it leaves is compared with what the graph itself leaves */
  readonly stepsARun?: number;
}
const cases: readonly Case[] = long
  ? (['small-cnn', 'resnet18'] as const).flatMap((model) =>
      (['fp32', 'bf16'] as const).map((precision) => ({ model, precision, kills: long })),
    )
  : [
      { model: 'small-cnn', precision: 'fp32', kills: [3] },
      { model: 'resnet18', precision: 'bf16', kills: [1] },
      { model: 'small-cnn', precision: 'fp32', kills: [2], stepsARun: 4 },
    ];

const [epochs, batchSize] = [4, 16];
const stepsAnEpoch = trainImages / batchSize;
const totalSteps = epochs * stepsAnEpoch;
/** Steps of the next run: several at once only where the epoch has as many left. */
const runAt = (step: number, stepsARun = 1): number =>
  stepsAnEpoch - (step % stepsAnEpoch) >= stepsARun ? stepsARun : 1;
const stepAfter = (from: number, runs: number, stepsARun?: number): number =>
  Array.from({ length: runs }).reduce<number>((at) => at + runAt(at, stepsARun), from);
/** Runs until the epoch, or all of them, are over. */
function runsLeft(from: number, to: number, stepsARun?: number): number {
  let runs = 0;
  for (let at = from; at < to; at += runAt(at, stepsARun)) runs++;
  return runs;
}
const specOf = ({ model, precision }: Case): { seed: number; epochs: number } & Partial<RunSpecInput> => ({
  data: { name: 'images', augmentation: 'crop-flip' },
  model: models[model],
  method: { name: 'mixup', alpha: 1, lambda: 'example' },
  optimizer: { weightDecay: 0.01, schedule: 'cosine' },
  activationEpochs: [2],
  ...{ epochs, batchSize, precision, seed: 5 },
});

const entries = ['supervisor', 'doomed-child'].map((name) => join(import.meta.dirname, `testing/${name}.ts`));
const built = await bundlePrograms(entries);
const programs = { supervisor: built.paths[0]!, child: built.paths[1]! };
afterAll(() => built.remove());

interface Left {
  readonly state: string | undefined;
  readonly weights: string;
  readonly arrays: readonly string[];
  readonly series: readonly MetricPoint[];
  readonly parquet: string;
}

/** What a run leaves behind, apart from the terms in which its parts were made. */
async function leftBy(lab: Laboratory, runId: string): Promise<Left> {
  const { stateSha256, weights, outputs } = await lab.result(runId);
  const { body } = await lab.store.get(`${objectKeys.runPrefix(runId)}metrics.parquet`);
  return {
    state: stateSha256,
    weights: weights.sha256,
    arrays: outputs.flatMap((o) =>
      Object.entries(o.arrays).map(([name, a]) => `${o.epoch} ${o.split} ${o.statistics} ${name} ${a.sha256}`),
    ),
    series: await lab.series(runId),
    parquet: sha256Hex(body),
  };
}

async function inLaboratory<T>(work: (lab: Laboratory) => Promise<T>): Promise<T> {
  const lab = await createLaboratory(programs, storeImages);
  try {
    return await work(lab);
  } finally {
    await lab.close();
  }
}

const leftAlone = (c: Case): Promise<Left> =>
  inLaboratory(async (lab) => {
    const runId = await lab.queueRun(specOf(c));
    const { code, said } = await lab.supervise([runId], { doom: null }).exit;
    expect(code, said).toBe(0);
    return leftBy(lab, runId);
  });

const titled = cases.map((c) => ({
  ...c,
  title: `${c.model} in ${c.precision}${c.stepsARun ? `, ${c.stepsARun} steps a run` : ''}`,
}));

describe.each(titled)('$title', (c) => {
  let whole: Promise<Left> | null = null;

  it.each(c.kills)(
    'killed %i times and stopped now and then leaves what it leaves when left alone, bit for bit',
    async (kills) => {
      whole ??= leftAlone(c);
      const expected = await whole;
      expect(expected.arrays.length).toBeGreaterThan(20);
      const random = stream({ seed, purpose: 'data' }).fork(`${c.model} ${c.precision} ${kills}`);
      const history: string[] = [];
      await inLaboratory(async (lab) => {
        const runId = await lab.queueRun(specOf(c));
        const stepNow = async (): Promise<number> => (await lab.head(runId)).checkpoint?.step ?? 0;
        /** One life, to the signal: a kill of either process, or a stop. */
        async function live(of: Doom, checkpointSeconds: number): Promise<void> {
          const doom = { ...of, stepsARun: c.stepsARun };
          history.push(`from step ${await stepNow()}: ${doom.signal} to the ${doom.victim} at call ${doom.call}`);
          const { code, signal, said } = await lab.supervise([runId], { doom, checkpointSeconds }).exit;
          const killed = doom.signal === 'SIGKILL';
          const { infrastructure, interrupted } = exitCodes;
          const expected = doom.victim === 'child' ? infrastructure.code : killed ? 'SIGKILL' : interrupted.code;
          const { outcome, restarts } = await lab.head(runId);
          const found = JSON.stringify({ outcome, restarts });
          expect(signal ?? code, `MINVAR_SEED=${seed}\n${history.join('\n')}\n${said}${found}`).toBe(expected);
        }
        /** A stop in the middle of an epoch, where the next life goes on. */
        async function stopped(): Promise<void> {
          const from = await stepNow();
          const end = from - (from % stepsAnEpoch) + stepsAnEpoch;
          const call = 1 + random.below(runsLeft(from, end, c.stepsARun) - 1 || 1);
          await live({ call, victim: 'supervisor', signal: 'SIGTERM' }, 300);
          expect(await stepNow(), history.at(-1)).toBe(stepAfter(from, call, c.stepsARun));
        }
        const stopAt = random.below(kills + 1);
        for (let i = 0; i <= kills; i++) {
          // A run that keeps dying without any progress is given up after five restarts: let it get on in time.
          if (i === stopAt || (await lab.head(runId)).restarts >= 3) await stopped();
          if (i === kills) break;
          // Sometimes only whole epochs are saved, sometimes every step.
          const often = random.below(2) === 0 ? 0 : 300;
          // Later ones fall later: five calls after the last step belong to the final evaluation.
          const left = runsLeft(await stepNow(), totalSteps, c.stepsARun) + 5;
          const call = 1 + random.below(Math.min(left, Math.ceil((2 * left) / (kills - i))));
          await live({ call, victim: random.below(2) === 0 ? 'child' : 'supervisor', signal: 'SIGKILL' }, often);
        }
        const unharmed: Doom = { call: null, victim: 'child', signal: 'SIGKILL', stepsARun: c.stepsARun };
        const { code, said } = await lab.supervise([runId], { doom: unharmed }).exit;
        expect(code, said).toBe(0);
        expect(await lab.broken(runId)).toEqual([]);
        // Arrays of owners that were killed are gone.
        const kept: string[] = [];
        for await (const { key } of lab.store.list(`${objectKeys.runPrefix(runId)}activations/`)) kept.push(key);
        const named = (await lab.result(runId)).outputs.flatMap((o) => Object.values(o.arrays).map((x) => x.key));
        expect(kept).toEqual(named.sort());
        expect(await leftBy(lab, runId), `MINVAR_SEED=${seed}\n${history.join('\n')}`).toEqual(expected);
      });
      console.log(`${c.title}, state ${expected.state!.slice(0, 16)}…\n  ${history.join('\n  ')}`);
    },
    600_000,
  );
});
