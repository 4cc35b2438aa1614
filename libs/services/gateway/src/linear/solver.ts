import { Worker } from 'node:worker_threads';
import type { LinearProblem, LinearSolution } from '@minvar/theory';
import { badInput } from '../errors';
import type { SolveAnswer, SolveRequest } from './protocol';

export interface LinearSolver {
  /** Throws `BAD_USER_INPUT` for a problem that is wrong or takes too long, and when too many are waiting. */
  solve(problem: LinearProblem): Promise<LinearSolution>;
  stop(): Promise<void>;
}

export interface LinearSolverOptions {
  /** the bundled `worker.ts` */
  readonly workerUrl: URL;
  /** longest time that one problem may take */
  readonly seconds: number;
  /** most problems that wait while one is solved */
  readonly mostWaiting?: number;
}

interface Asked {
  readonly problem: LinearProblem;
  readonly resolve: (solution: LinearSolution) => void;
  readonly reject: (error: Error) => void;
}

/** Solves problems in a thread of its own, one at a time in the order they came; the thread starts with the first. */
export function createLinearSolver({ workerUrl, seconds, mostWaiting = 20 }: LinearSolverOptions): LinearSolver {
  const waiting: Asked[] = [];
  let worker: Worker | null = null;
  let current: (Asked & { readonly id: number; timer: NodeJS.Timeout | null }) | null = null;
  let next = 0;
  let isStopped = false;

  function started(): Worker {
    if (worker) return worker;
    const mine = new Worker(workerUrl);
    mine.on('message', (a: SolveAnswer) => {
      if (a.id !== current?.id) return;
      if ('begun' in a) return void (current.timer = setTimeout(giveUp, seconds * 1000));
      finish((asked) => {
        if ('solution' in a) asked.resolve(a.solution);
        else asked.reject(a.isBadInput ? badInput(a.error) : new Error(a.error));
      });
    });
    mine.on('error', (e: Error) => lost(mine, e));
    mine.on('exit', (code) => lost(mine, new Error(`the thread that solves linear problems ended with code ${code}`)));
    // Nobody waits for an idle thread.
    mine.unref();
    return (worker = mine);
  }

  function lost(mine: Worker, e: Error): void {
    if (worker !== mine) return;
    worker = null;
    if (current) finish((asked) => asked.reject(e));
  }

  function finish(tell: (asked: Asked) => void): void {
    const asked = current!;
    if (asked.timer) clearTimeout(asked.timer);
    current = null;
    tell(asked);
    begin();
  }

  function giveUp(): void {
    const slow = worker;
    worker = null;
    void slow?.terminate();
    finish((asked) => asked.reject(badInput(tooLong(asked.problem))));
  }

  function begin(): void {
    const asked = current ? undefined : waiting.shift();
    if (!asked) return;
    const id = next++;
    current = { ...asked, id, timer: null };
    started().postMessage({ id, problem: asked.problem } satisfies SolveRequest);
  }

  const tooLong = ({ points, loss }: LinearProblem): string =>
    `points: ${points.length} in ${points[0]?.x.length ?? 0} dimensions under ${loss} take longer than the ${seconds} s that a problem may take here; give fewer, or solve it with 'npx minvar linear', which has no such limit`;

  return {
    solve: (problem) =>
      new Promise((resolve, reject) => {
        if (isStopped) return reject(new Error('the gateway is stopping'));
        if (waiting.length >= mostWaiting) {
          return reject(
            badInput(`${mostWaiting} linear problems are waiting already, at most so many may; ask again later`),
          );
        }
        waiting.push({ problem, resolve, reject });
        begin();
      }),
    stop: async () => {
      isStopped = true;
      const asked = [...(current ? [current] : []), ...waiting.splice(0)];
      if (current?.timer) clearTimeout(current.timer);
      current = null;
      for (const a of asked) a.reject(new Error('the gateway is stopping'));
      const mine = worker;
      worker = null;
      await mine?.terminate();
    },
  };
}
