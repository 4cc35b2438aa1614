import '../testing/quiet';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type {
  CheckpointManifest,
  ChildOutput,
  DatasetManifest,
  FromChild,
  MetricPoint,
  RunSpecInput,
} from '@minvar/contracts';
import { decodeNpy, decodeSafetensors, fromChild, runSpecSchema, sha256Hex } from '@minvar/contracts';
import { beforeAll, afterAll, describe, expect, it } from 'vitest';
import { createMetricFold, metricPoints } from '@minvar/metrics';
import { openSession } from '../session';
import { makeDatasetVersion } from '../testing/dataset-version';
import { failureOf } from './failure';
import type { StepPlan } from './step-plan';
import { trainRun } from './train-run';
import type { TrainEnd } from './control';

const dir = mkdtempSync(join(tmpdir(), 'minvar-train-run-'));
let digits: DatasetManifest;
let vectors: DatasetManifest;
beforeAll(async () => {
  digits = await makeDatasetVersion(join(dir, 'digits'), 'mnist');
  vectors = await makeDatasetVersion(join(dir, 'vectors'), 'synthetic-low-high', {
    strength: 0.9,
    examples: 300,
    testExamples: 100,
  });
}, 60_000);
afterAll(() => rmSync(dir, { recursive: true, force: true }));

type Checkpoint = Extract<FromChild, { kind: 'checkpoint' }>;
type Finished = Extract<FromChild, { kind: 'finished' }>;
interface Told {
  readonly end: TrainEnd;
  readonly points: MetricPoint[];
  readonly checkpoints: Checkpoint[];
  readonly finished: Finished | null;
  readonly outputs: ChildOutput[];
  readonly messages: FromChild[];
}

let scratches = 0;
interface Options {
  readonly spec?: Partial<RunSpecInput>;
  readonly data?: 'digits' | 'vectors';
  /** answers `stopping` from this look on; the loop looks before each step and each evaluation batch */
  readonly stopAt?: number;
  readonly resume?: Checkpoint | null;
  readonly initFile?: string;
  readonly checkpointSeconds?: number;
  readonly stepPlan?: StepPlan;
}

async function train({
  spec = {},
  data = 'digits',
  stopAt = Infinity,
  resume = null,
  initFile,
  checkpointSeconds,
  stepPlan,
}: Options = {}): Promise<Told> {
  const manifest = data === 'digits' ? digits : vectors;
  const scratchDir = join(dir, `scratch-${scratches++}`);
  mkdirSync(scratchDir);
  const messages: FromChild[] = [];
  let looks = 0;
  const end = await trainRun({
    start: {
      runId: 'run_1',
      spec: runSpecSchema.parse({
        data: { name: manifest.name, limit: 200 },
        model: { name: 'small-cnn', width: 4 },
        method: { name: 'mixup', alpha: 1, lambda: 'batch' },
        optimizer: { weightDecay: 0.01, schedule: 'cosine' },
        epochs: 3,
        batchSize: 64,
        seed: 7,
        ...spec,
      }),
      manifest,
      dataDir: join(dir, data),
      scratchDir,
      initFile: initFile ?? null,
      resume: resume && { dir: resume.dir, manifest: manifestOf(resume) },
      checkpointSeconds,
    },
    openSession,
    emit: (m) => messages.push(fromChild.parse(structuredClone(m))),
    control: { stopping: () => ++looks >= stopAt, abandoned: () => false },
    stepPlan,
  });
  const of = <K extends FromChild['kind']>(kind: K) =>
    messages.filter((m): m is Extract<FromChild, { kind: K }> => m.kind === kind);
  return {
    end,
    messages,
    checkpoints: of('checkpoint'),
    points: of('points').flatMap((m) => m.points),
    finished: of('finished')[0] ?? null,
    outputs: of('output').map((m) => m.output),
  };
}

const manifestOf = ({ step, epoch, epochStep, files, carry }: Checkpoint): CheckpointManifest =>
  JSON.parse(
    JSON.stringify({
      v: 1,
      runId: 'run_1',
      specHash: '',
      term: 1,
      step,
      epoch,
      epochStep,
      files,
      carry,
      history: [],
      chunks: [],
    }),
  ) as CheckpointManifest;

const hashOf = (path: string): string => sha256Hex(readFileSync(path));
const hashesOf = ({ dir: at, files }: Checkpoint): string[] =>
  files.map((f) => `${f.name} ${hashOf(join(at, f.name))}`);
const arrayHashes = (outputs: readonly ChildOutput[]): string[] =>
  outputs.flatMap((o) =>
    Object.entries(o.arrays).map(([name, path]) => `${o.epoch} ${o.split} ${o.statistics} ${name} ${hashOf(path)}`),
  );
const failing = async (options: Options) =>
  failureOf(
    await train(options).then(
      () => 'no failure',
      (e: unknown) => e,
    ),
  );

describe('a run', () => {
  it('tells of its start, points of each epoch, checkpoints and its end; files are what the messages say', async () => {
    const { end, messages, points, checkpoints, finished, outputs } = await train();
    expect(end).toBe('finished');
    expect(messages[0]).toEqual({ kind: 'started', runId: 'run_1', totalSteps: 12 });
    expect(checkpoints.map((c) => [c.step, c.epoch, c.epochStep])).toEqual([
      [4, 1, 0],
      [8, 2, 0],
    ]);
    for (const c of checkpoints) for (const f of c.files) expect(hashOf(join(c.dir, f.name))).toBe(f.sha256);
    const trainLoss = points.filter((p) => p.metric === 'train-loss');
    expect(trainLoss.map((p) => p.step)).toEqual([1, 2, 3]);
    expect(trainLoss[2]!.value!).toBeLessThan(trainLoss[0]!.value!);
    expect(new Set(points.map((p) => p.split))).toEqual(new Set(['train', 'test']));
    const weights = decodeSafetensors(readFileSync(finished!.weights), 'weights');
    expect(weights['conv2.weight']!.shape).toEqual([8, 4, 3, 3]);
    expect(weights['bn1.num_batches_tracked']!.data).toEqual(BigInt64Array.of(12n));
    expect(outputs.map((o) => [o.epoch, o.split, o.examples, o.statistics])).toEqual([
      [3, 'train', 200, 'as-trained'],
      [3, 'test', 1000, 'as-trained'],
      [3, 'train', 200, 're-estimated'],
      [3, 'test', 1000, 're-estimated'],
    ]);
    const names = ['logits', 'activations', 'stage-stage1', 'stage-stage2', 'stage-stage3'];
    expect(outputs.map((o) => Object.keys(o.arrays))).toEqual([
      [...names, 'labels', 'last-layer'],
      [...names, 'labels'],
      names,
      names,
    ]);
    const array = (name: string) => decodeNpy(readFileSync(outputs[0]!.arrays[name]!), name);
    expect(names.map((name) => array(name).shape)).toEqual([
      [200, 10],
      [200, 16],
      [200, 4],
      [200, 8],
      [200, 16],
    ]);
    // The last stage averaged over positions is what the last layer sees, and its weights are the final ones.
    expect(array('stage-stage3').data).toEqual(array('activations').data);
    expect(array('last-layer').data).toEqual(weights['fc.weight']!.data);
    expect(finished!.stateSha256).toMatch(/^[0-9a-f]{64}$/);
  });

  it('stores the forward pass from which its last live values were folded', async () => {
    const { points, outputs } = await train();
    const output = outputs.find((o) => o.split === 'test')!;
    const read = (name: string) => decodeNpy(readFileSync(output.arrays[name]!), name);
    const [logits, activations, labels] = [read('logits'), read('activations'), read('labels')];
    expect([logits.shape, activations.shape, labels.shape]).toEqual([[1000, 10], [1000, 16], [1000]]);
    const fold = createMetricFold({
      context: { classes: digits.classes, attributes: [], smoothing: { alpha: 0, convention: 'all' } },
      split: 'test',
    });
    fold.add({
      labels: labels.data as Int32Array,
      logits: logits.data as Float32Array,
      activations: activations.data as Float32Array,
      stages: Object.fromEntries(
        ['stage1', 'stage2', 'stage3'].map((name) => [name, read(`stage-${name}`).data as Float32Array]),
      ),
    });
    const stored = metricPoints(fold.rows(), { split: 'test', step: 3 }, digits.classes);
    const live = points.filter((p) => p.split === 'test' && p.step === 3);
    expect(new Set(live.map((p) => p.metric)).size).toBe(7);
    expect(live.filter((p) => p.metric === 'variance-by-stage' && p.class === null).map((p) => p.variant)).toEqual([
      null,
      'stage1',
      'stage2',
      'stage3',
      'penultimate',
    ]);
    for (const p of live) {
      const same = stored.find((s) => s.metric === p.metric && s.variant === p.variant && s.class === p.class);
      expect(Math.abs(same!.value! - p.value!), `${p.metric} ${p.class}`).toBeLessThan(1e-9);
    }
    expect(live.find((p) => p.metric === 'error' && p.class === null)!.value!).toBeLessThan(0.9);
  });

  it('gives the same bits twice: weights, optimizer state, points, outputs', async () => {
    const [a, b] = [await train(), await train()];
    expect(hashOf(b.finished!.weights)).toBe(hashOf(a.finished!.weights));
    expect(b.checkpoints.map(hashesOf)).toEqual(a.checkpoints.map(hashesOf));
    expect(b.points).toEqual(a.points);
  });

  it('gives the bits of an uninterrupted run however often it is stopped and resumed, in epochs and in evaluations', async () => {
    const spec = { activationEpochs: [1], data: { name: 'mnist', limit: 200, augmentation: 'crop-flip' as const } };
    const whole = await train({ spec });
    // Looks: 4 steps, then 1 + 2 evaluation batches an epoch; where passes are stored 1 for the statistics and 1 + 2 again.
    for (const stops of [[3], [5], [8], [10, 9], [6, 3, 4], [2, 2, 2, 4]]) {
      const points: MetricPoint[] = [];
      const outputs: ChildOutput[] = [];
      let checkpoint: Checkpoint | null = null;
      let last: Told | null = null;
      const all = new Map<number, string[]>();
      for (const stopAt of [...stops, Infinity]) {
        last = await train({ spec, stopAt, resume: checkpoint });
        points.push(...last.points);
        outputs.push(...last.outputs);
        for (const c of last.checkpoints) all.set(c.step, hashesOf(c));
        checkpoint = last.checkpoints.at(-1) ?? checkpoint;
        if (last.end === 'finished') break;
      }
      expect(last!.end).toBe('finished');
      expect(last!.finished!.stateSha256).toBe(whole.finished!.stateSha256);
      expect(hashOf(last!.finished!.weights)).toBe(hashOf(whole.finished!.weights));
      expect(points).toEqual(whole.points);
      const ends = whole.checkpoints.map((c) => [c.step, hashesOf(c)] as const);
      for (const [step, hashes] of ends) if (all.has(step)) expect(all.get(step)).toEqual(hashes);
      expect(arrayHashes(outputs)).toEqual(arrayHashes(whole.outputs));
    }
  });

  it('may save itself at any time within an epoch: the bits are the same, and the same from each of those checkpoints', async () => {
    const spec = { epochs: 2 };
    const [whole, often] = [await train({ spec }), await train({ spec, checkpointSeconds: 0 })];
    expect(often.checkpoints.map((c) => [c.epoch, c.epochStep])).toEqual([
      [0, 1],
      [0, 2],
      [0, 3],
      [1, 0],
      [1, 1],
      [1, 2],
      [1, 3],
    ]);
    expect(often.finished!.stateSha256).toBe(whole.finished!.stateSha256);
    expect(often.points).toEqual(whole.points);
    // The folder keeps the newest few.
    for (const resume of often.checkpoints.slice(-2)) {
      const resumed = await train({ spec, resume });
      expect(resumed.finished!.stateSha256).toBe(whole.finished!.stateSha256);
      expect(resumed.points).toEqual(whole.points.filter((p) => p.step === 2));
    }
  });

  it('is not changed by what is stored on the way, re-estimated statistics included', async () => {
    const [plain, stored] = [await train(), await train({ spec: { activationEpochs: [1, 2] } })];
    expect(stored.outputs.map((o) => o.epoch)).toEqual([1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3]);
    expect(stored.finished!.stateSha256).toBe(plain.finished!.stateSha256);
    expect(stored.checkpoints.map(hashesOf)).toEqual(plain.checkpoints.map(hashesOf));
    expect(stored.points).toEqual(plain.points);
    const [asTrained, again] = [plain.outputs[1]!, plain.outputs[3]!];
    for (const name of ['logits', 'activations', 'stage-stage1'])
      expect(hashOf(again.arrays[name]!)).not.toBe(hashOf(asTrained.arrays[name]!));
  });

  it('trains in bf16 to nearly the loss of fp32, with its measurements in fp32, and resumes on the same bits', async () => {
    const spec = { precision: 'bf16' as const };
    const [half, full] = [await train({ spec }), await train()];
    expect(hashOf(half.finished!.weights)).not.toBe(hashOf(full.finished!.weights));
    const losses = (told: Told): number[] => told.points.filter((p) => p.metric === 'train-loss').map((p) => p.value!);
    losses(half).forEach((loss, i) => expect(Math.abs(loss / losses(full)[i]! - 1)).toBeLessThan(0.05));
    expect(losses(half).at(-1)!).toBeLessThan(losses(half)[0]!);
    const error = ({ points }: Told): number =>
      points.findLast((p) => p.metric === 'error' && p.split === 'test' && p.class === null)!.value!;
    expect(Math.abs(error(half) - error(full))).toBeLessThan(0.05);
    // An fp32 forward leaves numbers that bfloat16 cannot hold: the lower half of their bits is used.
    const { arrays } = half.outputs.find((o) => o.split === 'test')!;
    for (const name of ['logits', 'activations']) {
      const { data } = decodeNpy(readFileSync(arrays[name]!), name);
      const bits = new Uint32Array((data as Float32Array).slice().buffer);
      expect(bits.filter((b) => (b & 0xffff) !== 0).length).toBeGreaterThan(bits.length / 4);
    }
    const stopped = await train({ spec, stopAt: 6 });
    const resumed = await train({ spec, resume: stopped.checkpoints.at(-1)! });
    expect(resumed.finished!.stateSha256).toBe(half.finished!.stateSha256);
    expect([...stopped.points, ...resumed.points]).toEqual(half.points);
  });

  it.each(['group', 'layer', 'none'] as const)(
    'trains with normalisation %s, which keeps no running statistics',
    async (normalisation) => {
      const { points, finished } = await train({
        spec: { model: { name: 'small-cnn', width: 4, normalisation }, epochs: 2, method: { name: 'erm' } },
      });
      const losses = points.filter((p) => p.metric === 'train-loss').map((p) => p.value!);
      expect(losses[1]!).toBeLessThan(losses[0]!);
      const names = Object.keys(decodeSafetensors(readFileSync(finished!.weights), 'weights'));
      expect(names.filter((n) => n.includes('running'))).toEqual([]);
    },
  );

  it('starts, orders and crops alike for every method at one seed: at the neutral parameters the bits are ERM’s', async () => {
    const weights = async (method: RunSpecInput['method']): Promise<string> =>
      hashOf(
        (await train({ spec: { method, data: { name: 'mnist', limit: 200, augmentation: 'crop-flip' } } })).finished!
          .weights,
      );
    const erm = await weights({ name: 'erm' });
    expect(await weights({ name: 'mixup', alpha: 0, lambda: 'batch' })).toBe(erm);
    expect(await weights({ name: 'label-smoothing', alpha: 0, convention: 'all' })).toBe(erm);
    expect(await weights({ name: 'label-smoothing', alpha: 0.1, convention: 'all' })).not.toBe(erm);
  });

  it('starts from the weights of a file when told to', async () => {
    const first = await train();
    const { checkpoints } = await train({
      spec: { optimizer: { name: 'sgd', lr: 1e-30 }, model: { name: 'small-cnn', width: 4 } },
      initFile: first.finished!.weights,
    });
    const read = (path: string) => decodeSafetensors(readFileSync(path), path);
    const [from, to] = [read(first.finished!.weights), read(join(checkpoints[0]!.dir, 'model.safetensors'))];
    for (const name of ['conv1.weight', 'conv3.weight', 'fc.weight', 'fc.bias']) expect(to[name]).toEqual(from[name]);
  });

  it('trains a linear model on vectors by plain gradient descent, and measures groups’ splits', async () => {
    const { points, outputs } = await train({
      data: 'vectors',
      spec: {
        data: { name: 'synthetic-low-high' },
        model: { name: 'linear' },
        method: { name: 'erm' },
        optimizer: { name: 'sgd', lr: 0.5 },
        epochs: 5,
      },
    });
    expect(
      points.find(
        (p) => p.metric === 'error' && p.split === 'train' && p.step === 5 && p.class === null && p.group === null,
      )!.value,
    ).toBeLessThan(0.2);
    // Without running statistics there is nothing to re-estimate.
    expect(outputs.map((o) => o.split)).toEqual(['train', 'test-same', 'test-reversed', 'test-random']);
    expect(outputs.map((o) => o.statistics)).toEqual(Array(4).fill('as-trained'));
    expect(Object.keys(outputs[0]!.arrays)).toEqual(['logits', 'activations', 'labels', 'attributes', 'last-layer']);
    expect(Object.keys(outputs[1]!.arrays)).toEqual(['logits', 'activations', 'labels', 'attributes']);
  });
});

describe('the step as a function, called several times a run', () => {
  const several = (...stepsARun: [number, ...number[]]): StepPlan => ({ form: 'function', xla: false, stepsARun });
  // 12 whole batches of 16 an epoch and one of 8: 4 steps a run divide the whole ones, 5 do not.
  const spec = {
    batchSize: 16,
    epochs: 2,
    data: { name: 'mnist', limit: 200, augmentation: 'crop-flip' as const },
    method: { name: 'mixup', alpha: 1, lambda: 'example' },
  };
  const leaves = (told: Told) => ({
    state: told.finished!.stateSha256,
    weights: hashOf(told.finished!.weights),
    points: told.points,
    checkpoints: told.checkpoints.map((c) => [c.step, c.epoch, c.epochStep, c.carry, ...hashesOf(c)]),
    arrays: arrayHashes(told.outputs),
  });

  it('leaves what the graph itself leaves, bit for bit, with 1, 4, 5 and ever more steps a run', async () => {
    const graph = leaves(await train({ spec }));
    for (const ladder of [[1], [4], [5], [1, 2, 4]] as [number, ...number[]][])
      expect(leaves(await train({ spec, stepPlan: several(...ladder) })), `${ladder}`).toEqual(graph);
  });

  it('stopped between runs, or killed and taken up from any checkpoint, it lands on the same bits', async () => {
    const stepPlan = several(4);
    const whole = await train({ spec });
    // Looks: 3 runs of 4 steps and one of the rest, then 1 + 2 batches of evaluation.
    for (const stops of [[2], [3, 6]]) {
      const points: MetricPoint[] = [];
      let checkpoint: Checkpoint | null = null;
      let last: Told | null = null;
      for (const stopAt of [...stops, Infinity]) {
        last = await train({ spec, stepPlan, stopAt, resume: checkpoint });
        points.push(...last.points);
        checkpoint = last.checkpoints.at(-1) ?? checkpoint;
      }
      expect(last!.finished!.stateSha256).toBe(whole.finished!.stateSha256);
      expect(points).toEqual(whole.points);
    }
    const often = await train({ spec, stepPlan, checkpointSeconds: 0 });
    expect(often.checkpoints.map((c) => [c.epoch, c.epochStep])).toEqual([
      [0, 4],
      [0, 8],
      [0, 12],
      [1, 0],
      [1, 4],
      [1, 8],
      [1, 12],
    ]);
    // The folder keeps the newest few. A checkpoint is of no plan: one step a run goes on from it as well.
    const newest = often.checkpoints.slice(-3);
    for (const [i, plan] of [stepPlan, several(5), undefined].entries()) {
      const resumed = await train({ spec, resume: newest[i]!, stepPlan: plan });
      expect(resumed.finished!.stateSha256).toBe(whole.finished!.stateSha256);
      expect(resumed.points).toEqual(whole.points.filter((p) => p.step === 2));
    }
  });

  it('names the step of a run at which the loss stopped being a number', async () => {
    const broken = { ...spec, method: { name: 'erm' }, optimizer: { name: 'sgd' as const, lr: 1e30 } };
    const [one, four] = [await failing({ spec: broken }), await failing({ spec: broken, stepPlan: several(4) })];
    expect(four).toEqual(one);
    expect(four.message).toMatch(/at step [23] of 26/);
  });

  it('compiled by XLA, trains the same up to rounding, 4 steps a run and their rest', async () => {
    const graph = await train({ spec });
    const xla = await train({ spec, stepPlan: { form: 'function', xla: true, stepsARun: [4] } });
    const losses = (told: Told): number[] => told.points.filter((p) => p.metric === 'train-loss').map((p) => p.value!);
    losses(xla).forEach((loss, i) => expect(Math.abs(loss / losses(graph)[i]! - 1)).toBeLessThan(1e-3));
    // Other kernels: the same bits would mean that nothing was compiled.
    expect(xla.finished!.stateSha256).not.toBe(graph.finished!.stateSha256);
    const said = xla.messages.filter((m) => m.kind === 'log').map((m) => m.text);
    expect(said[0]).toContain('compiled by XLA, up to 4 steps a run');
  }, 60_000);
});

describe('a run that cannot go on', () => {
  it('says at which step the loss stopped being a number', async () => {
    const failure = await failing({ spec: { method: { name: 'erm' }, optimizer: { name: 'sgd', lr: 1e30 } } });
    expect(failure.kind).toBe('NON_FINITE');
    expect(failure.message).toMatch(/the loss is (NaN|Infinity) at step \d+ of 12 .*optimizer\.lr \(1e\+30\)/);
  });

  it('refuses what a spec cannot mean, with the wrong value', async () => {
    const bad = async (spec: Partial<RunSpecInput>, data: Options['data'] = 'digits') => {
      const { kind, message } = await failing({ spec, data });
      expect(kind).toBe('BAD_SPEC');
      return message;
    };
    expect(await bad({ method: { name: 'mixer' } })).toContain("method 'mixer' is unknown");
    expect(await bad({ method: { name: 'label-smoothing', alpha: 2 } })).toContain('alpha is 2');
    expect(await bad({ model: { name: 'small-cnn', stem: 'cifar' } })).toContain("no setting 'stem'");
    expect(await bad({ data: { name: 'mnist', limit: 6000 } })).toContain('data.limit is 6000');
    expect(await bad({ data: { name: 'synthetic-low-high' } }, 'vectors')).toContain("model 'small-cnn' takes images");
    expect(
      await bad(
        { data: { name: 'synthetic-low-high', augmentation: 'crop-flip' }, model: { name: 'linear' } },
        'vectors',
      ),
    ).toContain('data.augmentation');
  });

  it('refuses a checkpoint whose bytes are not those of its manifest', async () => {
    const { checkpoints } = await train({ stopAt: 3 });
    const torn = structuredClone(checkpoints[0]!);
    torn.files[0]!.sha256 = '0'.repeat(64);
    const failure = await failing({ resume: torn });
    expect(failure.kind).toBe('BAD_DATA');
    expect(failure.message).toContain('model.safetensors has sha256');
  });

  it('leaves no checkpoint when it is stopped before its first step', async () => {
    const { end, checkpoints } = await train({ stopAt: 1 });
    expect([end, checkpoints]).toEqual(['interrupted', []]);
  });
});
