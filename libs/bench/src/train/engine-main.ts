import { mkdtempSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { serialize } from 'node:v8';
import { datasetManifest } from '@minvar/contracts';
import { assign, cast, input, matmul, program, reduceSum, variable } from '@minvar/graph';
import { loadTensorFlow, openSession, stepPlanFor, trainRun } from '@minvar/tf-runtime';
import type { Session } from '@minvar/tf-runtime';
import { readOrder, say } from '../orders';
import { specOf } from './cases';
import type { TrainCase } from './cases';

// minvar's own engine as a subject: the run loop as runs use it (`trainRun`), held between two training steps until the next order.
const { dataDir, trainCase } = JSON.parse(process.argv[2]!) as { dataDir: string; trainCase: TrainCase };
// In the folder that the benchmark removes in the end: this process may be killed.
const scratchDir = mkdtempSync(join(dataDir, 'scratch-'));

/** Chained products x ← x A of n × n matrices held by the session, the best of several runs; A = 1/n everywhere keeps x as it is. */
function gemm(dtype: string, n = 2048, chained = 4, runs = 8): number {
  const a = variable({ name: 'a', dtype: 'float32', shape: [n, n] });
  const given = input('given', 'float32', [n, n]);
  const factor = dtype === 'bf16' ? cast(a.value, 'bfloat16') : a.value;
  let x = factor;
  for (let i = 0; i < chained; i++) x = matmul(x, factor);
  const total = reduceSum(cast(x, 'float32'));
  const set = { inputs: { given }, updates: [assign(a, given)] };
  const session = openSession({ program: program({ signatures: { set, run: { outputs: { total } } } }) });
  session.run('set', { given: new Float32Array(n * n).fill(1 / n) });
  let best = Number.POSITIVE_INFINITY;
  for (let i = 0; i < runs; i++) {
    const began = performance.now();
    session.run('run');
    best = Math.min(best, performance.now() - began);
  }
  session.close();
  return (chained * 2 * n ** 3) / (best / 1000);
}

/** Milliseconds spent in the numerical library itself: what JavaScript does to hand over inputs and outputs is not among them. */
let inside = 0;
const { backend } = loadTensorFlow();
const native = backend.binding as unknown as { runSavedModel: (...args: unknown[]) => unknown };
Object.assign(backend, {
  binding: Object.create(native, {
    runSavedModel: {
      value: (...args: unknown[]) => {
        const from = performance.now();
        const result = native.runSavedModel(...args);
        inside += performance.now() - from;
        return result;
      },
    },
  }) as unknown,
});

/** A session that waits for an order whenever the steps of the last one are done, and tells how long they took. */
function held(inner: Session): Session {
  // The first order is waited for after one step, or after one epoch where epochs are measured, so that blocks end where epochs end.
  let ordered = trainCase.kind === 'epoch' ? Math.ceil(trainCase.examples / trainCase.batchSize) : 1;
  let done = 0;
  let began = performance.now();
  let lastStep = began;
  /** where steps are measured, an evaluation between two of them does not count: since when it goes on, and how long all of them took */
  let between: { readonly at: number; readonly inside: number } | null = null;
  let left = 0;
  const waitForOrder = (): void => {
    say({ seconds: (performance.now() - began - left) / 1000, inside: inside / 1000, steps: done });
    for (;;) {
      const { verb, argument } = readOrder();
      if (verb === 'gemm') say({ flops: gemm(argument) });
      if (verb === 'steps') {
        ordered = Number(argument);
        [began, inside, left, done] = [performance.now(), 0, 0, 0];
        return;
      }
    }
  };
  const training = (name: string): boolean => name === 'train' || name.startsWith('train_');
  return {
    close: inner.close,
    run: (name, feeds) => {
      if (training(name) && between) {
        left += performance.now() - between.at;
        inside = between.inside;
        between = null;
      }
      // Here all work of the steps before is done.
      if (training(name) && done >= ordered) waitForOrder();
      if (!training(name) && trainCase.kind === 'step') between ??= { at: lastStep, inside };
      const result = inner.run(name, feeds);
      if (!training(name)) return result;
      lastStep = performance.now();
      done += result.loss!.data.length;
      return result;
    },
  };
}

const manifest = datasetManifest.parse(JSON.parse(readFileSync(join(dataDir, 'manifest.json'), 'utf8')));
await trainRun({
  start: {
    runId: 'run_bench',
    spec: specOf(trainCase, manifest.version),
    manifest,
    dataDir,
    scratchDir,
    initFile: null,
    resume: null,
  },
  openSession: (options) => held(openSession(options)),
  // As far as the pipe to a supervisor costs this process anything.
  emit: (message) => void serialize(message),
  control: { stopping: () => false, abandoned: () => false },
  stepPlan: stepPlanFor({ device: backend.isUsingGpuDevice ? 'gpu' : 'cpu' }),
});
