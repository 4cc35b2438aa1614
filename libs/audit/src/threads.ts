import { Worker } from 'node:worker_threads';
import { AuditInputError } from './input-error';
import { measureRange } from './measure-range';
import type { RangeTask } from './measure-range';
import type { WorkerAnswer } from './worker/main';

export interface Threads {
  readonly count: number;
  /** One task a thread; the answers in the tasks' order. Fails as soon as one does. */
  readonly run: (tasks: readonly RangeTask[]) => Promise<ReturnType<typeof measureRange>[]>;
  readonly close: () => Promise<void>;
}

function ask(worker: Worker, task: RangeTask): Promise<ReturnType<typeof measureRange>> {
  return new Promise((resolve, reject) => {
    const end = (e: unknown): void => reject(e instanceof Error ? e : new Error(String(e)));
    const left = (code: number): void =>
      end(new Error(`a thread of the audit ended (code ${code}); is there enough memory?`));
    worker.once('error', end);
    worker.once('exit', left);
    worker.once('message', (answer: WorkerAnswer) => {
      worker.off('error', end);
      worker.off('exit', left);
      if (answer.ok) resolve(answer.statistics);
      else end(answer.name === 'AuditInputError' ? new AuditInputError(answer.message) : new Error(answer.message));
    });
    worker.postMessage(task);
  });
}

/**
 * Threads that measure ranges of rows at the same time.
 *
 * @param workerUrl the bundled worker program; null works in this thread
 */
export function createThreads(workerUrl: URL | null, count: number): Threads {
  if (!workerUrl) return { count: 1, run: async (tasks) => tasks.map(measureRange), close: async () => {} };
  const workers = Array.from({ length: count }, () => new Worker(workerUrl));
  return {
    count,
    run: (tasks) => Promise.all(tasks.map((task, i) => ask(workers[i]!, task))),
    close: async () => {
      await Promise.all(workers.map((w) => w.terminate()));
    },
  };
}
