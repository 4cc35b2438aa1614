import { parentPort } from 'node:worker_threads';
import { LinearProblemError, solveLinear } from '@minvar/theory';
import type { SolveAnswer, SolveRequest } from './protocol';

// The thread that solves linear problems, one after the other, while the gateway goes on answering.

if (!parentPort) throw new Error('linear-worker.mjs is a worker thread; it is started by the gateway, not by hand');
const port = parentPort;

function answer({ id, problem }: SolveRequest): SolveAnswer {
  try {
    return { id, solution: solveLinear(problem) };
  } catch (e) {
    return { id, error: (e as Error).message, isBadInput: e instanceof LinearProblemError };
  }
}

port.on('message', (request: SolveRequest) => {
  port.postMessage({ id: request.id, begun: true } satisfies SolveAnswer);
  port.postMessage(answer(request));
});
