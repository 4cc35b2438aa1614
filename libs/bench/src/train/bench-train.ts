import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tensorflowEnvironment, threadSettings } from '@minvar/tf-runtime';
import { median, pairedRatio, slope } from '../report';
import type { BenchRatio, BenchReport, BenchRow } from '../report';
import { startSubject } from '../subject';
import type { Subject } from '../subject';
import { flopsPerImage, measuredOf, methods, nameOf, precisions } from './cases';
import type { Precision, TrainCase } from './cases';
import { writeSyntheticImages } from './synthetic-images';

export interface BenchTrainOptions {
  /** folder of the bundles `bench-engine.mjs` and `bench-tfjs.mjs` */
  readonly bundles: string;
  /** the script of the PyTorch subject */
  readonly script: string;
  /** interpreter with PyTorch; null leaves those rows out */
  readonly python: string | null;
  readonly threads: number;
  /** blocks of each subject and case */
  readonly rounds: number;
  readonly widths: readonly number[];
  /** steps of the memory slope; 0 leaves it out */
  readonly memorySteps: number;
  readonly parts: readonly BenchTrainPart[];
  readonly machine: BenchReport['machine'];
  readonly now: () => Date;
  readonly env: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
  readonly onLine: (line: string) => void;
}

export const benchTrainParts = ['step', 'epoch', 'memory'] as const;
export type BenchTrainPart = (typeof benchTrainParts)[number];

const engine = 'minvar';
const eager = 'PyTorch eager';
const compiled = 'PyTorch compiled';
const script = 'PyTorch script with DataLoader';
const stock = 'TensorFlow.js op by op';
const batchSize = 128;
/** whole batches, so that an epoch has the same steps everywhere */
const epochExamples = 78 * batchSize;
const testExamples = 2000;
/** seconds that a block of steps should last at least */
const blockSeconds = 2;

/**
 * Images a second of one training step and of a whole epoch, for this engine and its peers on the same machine in turns; with memory, the
 * share of a matrix product's speed that is reached, the time from the start of a process to its first step, and the host's share of a step.
 */
export async function benchTrain(o: BenchTrainOptions): Promise<BenchReport> {
  const rows: BenchRow[] = [];
  const ratios: BenchRatio[] = [];
  const notes: string[] = [];
  const dataDir = await mkdtemp(join(tmpdir(), 'minvar-bench-data-'));
  const row = (subject: string, name: string, value: number, unit: string): void => {
    rows.push({ subject, case: name, value, unit });
    o.onLine(`${name}: ${subject} ${value.toPrecision(4)} ${unit}`);
  };

  const tensorflow = {
    ...o.env,
    ...tensorflowEnvironment({ ...threadSettings(o.threads), deterministic: false }),
  };
  const node = (bundle: string, name: string, trainCase: TrainCase): Promise<Subject> =>
    startSubject({
      name,
      command: process.execPath,
      args: [join(o.bundles, bundle), JSON.stringify({ dataDir, trainCase })],
      env: tensorflow,
      signal: o.signal,
    });
  const torch = (name: string, trainCase: TrainCase, compile: boolean): Promise<Subject> =>
    startSubject({
      name,
      command: o.python!,
      args: [
        o.script,
        JSON.stringify({
          dataDir,
          threads: o.threads,
          compile,
          measured: measuredOf(trainCase),
          trainCase,
        }),
      ],
      env: { ...o.env, OMP_NUM_THREADS: String(o.threads) },
      signal: o.signal,
    });
  /** A peer that does not work here is left out with its reason; this engine has to work. */
  async function tryStart(subjects: Subject[], start: () => Promise<Subject>, name: string): Promise<void> {
    try {
      subjects.push(await start());
    } catch (e) {
      if (o.signal.aborted) throw e;
      notes.push(`${name} is left out: ${(e as Error).message.split('\n').slice(0, 3).join(' ')}`);
    }
  }

  async function inTurns(trainCase: TrainCase, subjects: readonly Subject[]): Promise<void> {
    const name = nameOf(trainCase);
    const images = (n: number, seconds: number): number => (n * batchSize) / seconds;
    const steps = new Map<Subject, number>();
    for (const s of subjects) {
      const n = trainCase.kind === 'epoch' ? epochExamples / batchSize : 2;
      const { seconds } = await s.steps(n);
      steps.set(s, trainCase.kind === 'epoch' ? n : Math.max(2, Math.ceil((n * blockSeconds) / seconds)));
    }
    const rates = new Map<Subject, number[]>(subjects.map((s) => [s, []]));
    const overheads: number[] = [];
    for (let round = 0; round < o.rounds; round++) {
      // every other round the other way round, so that nobody always follows the same one
      for (const s of round % 2 === 0 ? subjects : [...subjects].reverse()) {
        const n = steps.get(s)!;
        const { steps: done, seconds, insideSeconds } = await s.steps(n);
        rates.get(s)!.push(images(done, seconds));
        if (s.name === engine) overheads.push(1 - insideSeconds / seconds);
      }
    }
    const own = subjects.find((s) => s.name === engine)!;
    for (const s of subjects) {
      row(s.name, name, median(rates.get(s)!), 'images/s');
      row(s.name, name, s.memory().peak / 2 ** 20, 'MiB peak');
      if (s !== own) ratios.push({ case: name, peer: s.name, ...pairedRatio(rates.get(own)!, rates.get(s)!) });
    }
    if (trainCase.kind === 'step') {
      row(engine, name, 100 * median(overheads), '% host overhead');
      for (const s of subjects) {
        const flops = await s.gemm(trainCase.precision);
        if (flops === null) continue;
        row(s.name, name, flops / 1e9, 'GFLOP/s matrix product');
        const reached = (median(rates.get(s)!) * flopsPerImage(trainCase.width)) / flops;
        row(s.name, name, 100 * reached, '% of the matrix product');
      }
    }
  }

  const caseOf = (kind: TrainCase['kind'], width: number, method: TrainCase['method'], precision: Precision) => ({
    ...{ kind, width, batchSize, method, precision },
    ...{ examples: epochExamples, testExamples },
  });

  async function compare(trainCase: TrainCase): Promise<void> {
    const subjects: Subject[] = [];
    const name = nameOf(trainCase);
    o.onLine(`${name} …`);
    try {
      subjects.push(await node('bench-engine.mjs', engine, trainCase));
      const first = trainCase.kind === 'step' && trainCase.method === 'erm';
      if (o.python) {
        const peer = trainCase.kind === 'step' ? eager : script;
        await tryStart(subjects, () => torch(peer, trainCase, false), `${name}: ${peer}`);
        // compiling takes a minute, and what the method is changes next to nothing: once a width and precision
        if (first) await tryStart(subjects, () => torch(compiled, trainCase, true), `${name}: ${compiled}`);
      }
      if (trainCase.kind === 'step' && trainCase.precision === 'fp32')
        await tryStart(subjects, () => node('bench-tfjs.mjs', stock, trainCase), `${name}: ${stock}`);
      if (first) for (const s of subjects) row(s.name, name, s.secondsToFirstStep, 's to the first step');
      await inTurns(trainCase, subjects);
    } finally {
      for (const s of subjects) await s.end();
    }
  }

  async function memorySlope(): Promise<void> {
    const trainCase = caseOf('step', Math.min(...o.widths), 'mixup', 'fp32');
    const subject = await node('bench-engine.mjs', engine, trainCase);
    try {
      const at: number[] = [];
      const resident: number[] = [];
      const every = Math.max(1, Math.floor(o.memorySteps / 40));
      for (let done = 0; done < o.memorySteps; done += every) {
        await subject.steps(every);
        at.push(done + every);
        resident.push(subject.memory().now);
      }
      const from = Math.floor(at.length / 2);
      const perStep = slope(at.slice(from), resident.slice(from));
      row(engine, `${nameOf(trainCase)}, ${o.memorySteps} steps`, perStep / 1024, 'KiB a step in the last half');
    } finally {
      await subject.end();
    }
  }

  try {
    o.onLine('writing random images …');
    writeSyntheticImages(dataDir, epochExamples, testExamples);
    if (!o.python) notes.push('PyTorch is left out: --install makes an environment for it, --python PATH names one');
    if (o.parts.includes('step'))
      for (const width of o.widths)
        for (const precision of precisions)
          for (const method of methods) await compare(caseOf('step', width, method, precision));
    if (o.parts.includes('epoch')) await compare(caseOf('epoch', Math.min(...o.widths), 'mixup', 'fp32'));
    if (o.parts.includes('memory') && o.memorySteps > 0) await memorySlope();
  } finally {
    await rm(dataDir, { recursive: true, force: true });
  }
  return { name: 'train', machine: o.machine, date: o.now().toISOString(), rows, ratios, notes };
}
