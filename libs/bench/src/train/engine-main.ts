import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { datasetManifest } from '@minvar/contracts';
import { cast, input, matmul, program, reduceSum } from '@minvar/graph';
import { openSession, trainRun } from '@minvar/tf-runtime';
import type { Session } from '@minvar/tf-runtime';
import { readOrder, say } from '../orders';
import { specOf } from './cases';
import type { TrainCase } from './cases';

// minvar's own engine as a subject: the run loop as runs use it (`trainRun`), held between two training steps until the next order.
const { dataDir, trainCase } = JSON.parse(process.argv[2]!) as { dataDir: string; trainCase: TrainCase };
const scratchDir = mkdtempSync(join(tmpdir(), 'minvar-bench-'));
process.on('exit', () => rmSync(scratchDir, { recursive: true, force: true }));

/** Chained products x ← x A of n × n matrices, the best of several runs; A = 1/n everywhere keeps x as it is. */
function gemm(dtype: string, n = 2048, chained = 4, runs = 8): number {
  const a = input('a', 'float32', [n, n]);
  const factor = dtype === 'bf16' ? cast(a, 'bfloat16') : a;
  let x = factor;
  for (let i = 0; i < chained; i++) x = matmul(x, factor);
  const total = reduceSum(cast(x, 'float32'));
  const session = openSession({ program: program({ signatures: { run: { inputs: { a }, outputs: { total } } } }) });
  const data = new Float32Array(n * n).fill(1 / n);
  let best = Number.POSITIVE_INFINITY;
  for (let i = 0; i < runs; i++) {
    const began = performance.now();
    session.run('run', { a: data });
    best = Math.min(best, performance.now() - began);
  }
  session.close();
  return (chained * 2 * n ** 3) / (best / 1000);
}

function held(inner: Session): Session {
  // The first order is waited for after one step, or after one epoch where epochs are measured, so that blocks end where epochs end.
  let remaining = trainCase.kind === 'epoch' ? Math.ceil(trainCase.examples / trainCase.batchSize) : 1;
  let began = performance.now();
  let inside = 0;
  const waitForOrder = (): void => {
    say({ seconds: (performance.now() - began) / 1000, inside: inside / 1000 });
    for (;;) {
      const { verb, argument } = readOrder();
      if (verb === 'gemm') say({ flops: gemm(argument) });
      if (verb === 'steps') {
        remaining = Number(argument);
        began = performance.now();
        inside = 0;
        return;
      }
    }
  };
  return {
    close: inner.close,
    run: (name, feeds) => {
      // Here all work of the steps before is done, with what lies between them: evaluation and checkpoints at the end of an epoch.
      if (name === 'train' && remaining === 0) waitForOrder();
      const from = performance.now();
      const result = inner.run(name, feeds);
      inside += performance.now() - from;
      if (name === 'train') remaining--;
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
  emit: () => undefined,
  control: { stopping: () => false, abandoned: () => false },
});
