import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

/** One block of work: how many steps it had, how long they took, and how much of that was spent inside the numerical library. */
export interface Block {
  readonly steps: number;
  readonly seconds: number;
  readonly insideSeconds: number;
}

/**
 * A process that is measured. It says one line of JSON when it is ready and one for each order: `steps N` → seconds, `gemm DTYPE` → flops
 * a second. Between orders it does nothing, so that several subjects take turns on one machine.
 */
export interface Subject {
  readonly name: string;
  /** from the start of the process to the end of its first step */
  readonly secondsToFirstStep: number;
  readonly steps: (n: number) => Promise<Block>;
  /** floating-point operations a second of a large matrix product, the best of several; null where the subject has none of that kind */
  readonly gemm: (dtype: 'fp32' | 'bf16') => Promise<number | null>;
  /** resident memory now and at its highest, in bytes; of this process alone */
  readonly memory: () => { readonly now: number; readonly peak: number };
  readonly end: () => Promise<void>;
}

export interface SubjectOptions {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
}

const tail = 4000;

function readStatus(pid: number): { now: number; peak: number } {
  const text = readFileSync(`/proc/${pid}/status`, 'utf8');
  const of = (key: string): number => 1024 * Number(new RegExp(`^${key}:\\s+(\\d+) kB`, 'm').exec(text)?.[1]);
  return { now: of('VmRSS'), peak: of('VmHWM') };
}

/** Starts a subject and waits for its first step. Throws with the end of what it wrote when it ends instead. */
export async function startSubject({ name, command, args, env, signal }: SubjectOptions): Promise<Subject> {
  const began = performance.now();
  const child: ChildProcess = spawn(command, [...args], { env, stdio: ['pipe', 'pipe', 'pipe'] });
  let written = '';
  child.stderr!.on('data', (chunk: Buffer) => (written = (written + chunk.toString('utf8')).slice(-tail)));
  child.stdin!.on('error', () => undefined);
  const waiting: { resolve: (answer: Record<string, unknown>) => void; reject: (e: Error) => void }[] = [];
  const ended = new Promise<Error>((resolve) => {
    child.on('error', (e) => resolve(new Error(`${name} could not be started (${command}): ${e.message}`)));
    child.on('exit', (code, by) =>
      resolve(new Error(`${name} ended early (${by ?? `exit code ${code}`}):\n${written.trim()}`)),
    );
  });
  let over: Error | null = null;
  void ended.then((e) => {
    over = e;
    for (const w of waiting.splice(0)) w.reject(e);
  });
  createInterface({ input: child.stdout! }).on('line', (line) => {
    if (!line.startsWith('{')) return;
    waiting.shift()?.resolve(JSON.parse(line) as Record<string, unknown>);
  });
  const stop = (): void => void child.kill('SIGKILL');
  signal.addEventListener('abort', stop, { once: true });
  const answer = (): Promise<Record<string, unknown>> =>
    over ? Promise.reject(over) : new Promise((resolve, reject) => waiting.push({ resolve, reject }));
  const order = (text: string): Promise<Record<string, unknown>> => {
    const promised = answer();
    child.stdin!.write(`${text}\n`);
    return promised;
  };
  await answer();
  const secondsToFirstStep = (performance.now() - began) / 1000;
  return {
    name,
    secondsToFirstStep,
    steps: async (n) => {
      // A subject that trains several steps a run may go past the order.
      const { seconds, inside, steps } = await order(`steps ${n}`);
      return {
        steps: (steps as number | undefined) ?? n,
        seconds: seconds as number,
        insideSeconds: (inside as number | undefined) ?? Number.NaN,
      };
    },
    gemm: async (dtype) => ((await order(`gemm ${dtype}`)).flops as number | null) ?? null,
    memory: () => readStatus(child.pid!),
    end: async () => {
      signal.removeEventListener('abort', stop);
      child.kill('SIGKILL');
      await ended;
    },
  };
}
