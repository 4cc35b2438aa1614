import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FromChild, StoredFile, ToChild } from '@minvar/contracts';
import { exitCodes, toChild } from '@minvar/contracts';

/**
 * A child that speaks the pipe protocol and computes something that TensorFlow is not needed for: every step hashes the
 * weights with the step number and the data. Interrupted or not, the same steps give the same bytes, so promises about
 * resuming can be checked; and it dies, hangs or talks nonsense at the step it is told to.
 *
 * argv[2]: JSON of `Script`.
 */
export interface Script {
  readonly stepsPerEpoch: number;
  readonly stepMs: number;
  /** what to do instead of step `at` (once a process) */
  readonly at?: number;
  readonly act?: 'kill' | 'hang' | 'garble' | 'exit' | 'fail' | 'full' | 'partial-checkpoint';
  readonly code?: number;
  /** act only when starting from the beginning, so that the second try goes well */
  readonly onlyFresh?: boolean;
}

const script = JSON.parse(process.argv[2] ?? '{}') as Script;
const say = (message: FromChild): void => void process.send?.(message);
const sha256 = (data: Uint8Array | string): string => createHash('sha256').update(data).digest('hex');
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const fingerprint = {
  tensorflow: 'scripted',
  build: '1',
  device: 'cpu',
  deviceName: 'none',
  instructionSet: 'none',
  intraOpThreads: 1,
  interOpThreads: 1,
  deterministic: true,
} as const;

let stopping = false;
let abandoned: string | null = null;
const queue: Extract<ToChild, { kind: 'start' }>[] = [];

function write(dir: string, name: string, bytes: Uint8Array): StoredFile {
  writeFileSync(join(dir, name), bytes);
  return { name, sizeBytes: bytes.length, sha256: sha256(bytes) };
}

async function misbehave(dir: string): Promise<void> {
  if (script.act === 'kill') process.kill(process.pid, 'SIGKILL');
  if (script.act === 'hang') await new Promise(() => setInterval(() => {}, 1000));
  if (script.act === 'garble') process.send?.({ kind: 'checkpoint', runId: 7 });
  if (script.act === 'exit') process.exit(script.code);
  if (script.act === 'partial-checkpoint') {
    write(dir, 'model.safetensors', Buffer.from('half of a fi'));
    process.kill(process.pid, 'SIGKILL');
  }
}

async function train(start: Extract<ToChild, { kind: 'start' }>): Promise<void> {
  const { runId, spec, scratchDir, resume, manifest, dataDir } = start;
  const total = spec.epochs * script.stepsPerEpoch;
  const inputs = manifest.splits[0]!.inputs;
  const data = sha256(readFileSync(join(dataDir, inputs.path)));
  if (data !== inputs.sha256) throw new Error(`${inputs.path} is not what the manifest says`);
  let step = resume?.manifest.step ?? 0;
  let weights = resume ? readFileSync(join(resume.dir, 'model.safetensors'), 'utf8') : sha256(`init ${spec.seed}`);
  let sum = resume?.manifest.carry.sum ?? 0;

  const checkpoint = (): void => {
    const dir = join(scratchDir, `checkpoint-${step}`);
    mkdirSync(dir, { recursive: true });
    const files = [
      write(dir, 'model.safetensors', Buffer.from(weights)),
      write(dir, 'optimizer.safetensors', Buffer.from(`${weights} moments`)),
    ];
    say({
      kind: 'checkpoint',
      runId,
      dir,
      step,
      epoch: Math.floor(step / script.stepsPerEpoch),
      epochStep: step % script.stepsPerEpoch,
      files,
      carry: { sum },
    });
  };

  say({ kind: 'started', runId, totalSteps: total });
  say({ kind: 'log', runId, level: 'info', text: resume ? `resumed at step ${step}` : 'started' });
  while (step < total) {
    if (abandoned === runId) return;
    if (stopping) {
      checkpoint();
      return say({ kind: 'interrupted', runId });
    }
    if (script.at === step + 1 && !(script.onlyFresh && resume)) {
      if (script.act === 'fail')
        return say({
          kind: 'failed',
          runId,
          failure: { kind: 'NON_FINITE', message: `loss is NaN at step ${step + 1}` },
        });
      if (script.act === 'full')
        return say({
          kind: 'failed',
          runId,
          failure: { kind: 'INFRASTRUCTURE', message: 'ENOSPC: no space left on device, write' },
        });
      await misbehave(scratchDir);
    }
    step++;
    weights = sha256(`${weights} ${step} ${data}`);
    sum += parseInt(weights.slice(0, 6), 16) / 2 ** 24;
    say({
      kind: 'progress',
      runId,
      step,
      totalSteps: total,
      epoch: step / script.stepsPerEpoch,
      examplesPerSecond: 1000,
    });
    if (step % script.stepsPerEpoch === 0) {
      const epoch = step / script.stepsPerEpoch;
      say({
        kind: 'points',
        runId,
        points: [
          {
            metric: 'loss',
            variant: null,
            split: 'train',
            class: null,
            group: null,
            step: epoch,
            value: sum,
            nonFinite: null,
          },
        ],
      });
      sum = 0;
      if (step < total) checkpoint();
    }
    await pause(script.stepMs);
  }
  mkdirSync(scratchDir, { recursive: true });
  const path = join(scratchDir, 'weights.safetensors');
  writeFileSync(path, weights);
  const logits = join(scratchDir, 'logits.npy');
  writeFileSync(logits, sha256(weights));
  say({
    kind: 'output',
    runId,
    output: { epoch: spec.epochs, split: 'test', examples: 1, statistics: 'as-trained', arrays: { logits } },
  });
  say({ kind: 'finished', runId, steps: total, seconds: 1, weights: path, stateSha256: sha256(weights) });
}

async function work(): Promise<void> {
  for (;;) {
    const next = queue.shift();
    if (next) await train(next);
    else if (stopping) process.exit(exitCodes.interrupted.code);
    else await pause(2);
  }
}

process.on('message', (raw) => {
  const message = toChild.parse(raw);
  if (message.kind === 'start') queue.push(message);
  else if (message.kind === 'stop') stopping = true;
  else abandoned = message.runId;
});
process.on('disconnect', () => process.exit(0));
say({ kind: 'ready', fingerprint });
void work();
