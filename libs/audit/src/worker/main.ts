import { parentPort } from 'node:worker_threads';
import { measureRange } from '../measure-range';
import type { RangeTask } from '../measure-range';

/** A thread of the audit: one task after the other, each answered with its statistics or with what was wrong. */
export type WorkerAnswer =
  | { readonly ok: true; readonly statistics: ReturnType<typeof measureRange> }
  | { readonly ok: false; readonly name: string; readonly message: string };

parentPort!.on('message', (task: RangeTask) => {
  let answer: WorkerAnswer;
  try {
    answer = { ok: true, statistics: measureRange(task) };
  } catch (e) {
    const { name, message } = e as Error;
    answer = { ok: false, name, message };
  }
  parentPort!.postMessage(answer);
});
