import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FromChild, StoredFile, ToChild } from '@minvar/contracts';
import { exitCodes, sha256Hex } from '@minvar/contracts';

export interface Script {
  readonly stepsPerEpoch: number;
  readonly stepMs: number;
}

const fingerprint = {
  tensorflow: 'simulated',
  build: '1',
  device: 'cpu',
  deviceName: 'none',
  instructionSet: 'none',
  intraOpThreads: 1,
  interOpThreads: 1,
  deterministic: true,
} as const;

/** The state after one step: whatever came before is in it, so a step left out, repeated or taken from elsewhere shows at the end. */
const after = (state: string, step: number): string => {
  let h = 0x811c9dc5;
  for (const c of `${state} ${step}`) h = Math.imul(h ^ c.charCodeAt(0), 0x01000193) >>> 0;
  return h.toString(16).padStart(8, '0');
};

/** What an uninterrupted run ends with. */
export function stateAfter(seed: number, steps: number): string {
  let state = `seed ${seed}`;
  for (let step = 1; step <= steps; step++) state = after(state, step);
  return state;
}

/** The other side of the runner's pipe: a counter in the place of TensorFlow, which resumes from the checkpoint it is given. */
export function trainingChild(at: {
  readonly script: string;
  readonly say: (message: FromChild) => void;
  readonly listen: (listener: (message: unknown) => void) => void;
  readonly exit: (code: number) => void;
}): void {
  const { stepsPerEpoch, stepMs } = JSON.parse(at.script) as Script;
  const queue: Extract<ToChild, { kind: 'start' }>[] = [];
  let stopping = false;
  let abandoned: string | null = null;
  const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

  const write = (dir: string, name: string, text: string): StoredFile => {
    const bytes = Buffer.from(text);
    writeFileSync(join(dir, name), bytes);
    return { name, sizeBytes: bytes.length, sha256: sha256Hex(bytes) };
  };

  async function train({ runId, spec, scratchDir, resume }: Extract<ToChild, { kind: 'start' }>): Promise<void> {
    const total = spec.epochs * stepsPerEpoch;
    let step = resume?.manifest.step ?? 0;
    let state = resume ? String(readFileSync(join(resume.dir, 'model.safetensors'), 'utf8')) : stateAfter(spec.seed, 0);
    const checkpoint = (): void => {
      const dir = join(scratchDir, `checkpoint-${step}`);
      mkdirSync(dir, { recursive: true });
      const files = [write(dir, 'model.safetensors', state)];
      const epoch = Math.floor(step / stepsPerEpoch);
      at.say({ kind: 'checkpoint', runId, dir, step, epoch, epochStep: step % stepsPerEpoch, files, carry: {} });
    };
    at.say({ kind: 'started', runId, totalSteps: total });
    while (step < total) {
      if (abandoned === runId) return;
      if (stopping) {
        checkpoint();
        return at.say({ kind: 'interrupted', runId });
      }
      state = after(state, ++step);
      if (step % stepsPerEpoch === 0) {
        const epoch = step / stepsPerEpoch;
        const nothing = { variant: null, class: null, group: null, nonFinite: null };
        at.say({
          kind: 'points',
          runId,
          points: [{ ...nothing, metric: 'loss', split: 'train', step: epoch, value: parseInt(state, 16) }],
        });
        if (step < total) checkpoint();
      }
      await pause(stepMs);
    }
    if (abandoned === runId || !existsSync(scratchDir)) return;
    const weights = join(scratchDir, 'weights.safetensors');
    writeFileSync(weights, state);
    at.say({ kind: 'finished', runId, steps: total, seconds: 1, weights, stateSha256: sha256Hex(state) });
  }

  async function work(): Promise<void> {
    for (;;) {
      const next = queue.shift();
      if (next) await train(next);
      else if (stopping) return at.exit(exitCodes.interrupted.code);
      else await new Promise<void>((resolve) => (wake = resolve));
    }
  }
  let wake = (): void => {};
  at.listen((raw) => {
    const message = raw as ToChild;
    if (message.kind === 'start') queue.push(message);
    else if (message.kind === 'stop') stopping = true;
    else abandoned = message.runId;
    wake();
  });
  at.say({ kind: 'ready', fingerprint });
  // As the real one: what it cannot do ends it.
  work().catch(() => at.exit(exitCodes.infrastructure.code));
}
