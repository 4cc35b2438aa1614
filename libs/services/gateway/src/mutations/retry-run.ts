import type { Context } from '../context';
import { conflictError, notFoundError } from '../errors';
import { accept, keyOf, refuse, send } from './accept';
import type { RunInput } from './cancel-run';

/** Starts a failed or cancelled run again as its next attempt; the answer shows it queued. */
export async function retryRun({ id, idempotencyKey }: RunInput, c: Context) {
  const run = await c.loaders.runs.load(id);
  if (!run) return notFoundError(`there is no run '${id}'`, ['input', 'id']);
  const accepted = await accept(c, 'retryRun', idempotencyKey, { id }, id);
  if ('__typename' in accepted) return accepted;
  const key = keyOf(idempotencyKey);
  if (!accepted.isRepeat) {
    if (run.state !== 'FAILED' && run.state !== 'CANCELLED') {
      return refuse(
        c,
        idempotencyKey,
        conflictError(`run '${id}' is ${run.state}; only a failed or cancelled run can be tried again`, [
          'input',
          'id',
        ]),
      );
    }
    const data = { runId: id, attempt: run.attempt! + 1, idempotencyKey: key };
    await send(c, { type: 'run.retry', subject: id, data }, 'retryRun', idempotencyKey, key, { id }, id);
  }
  return { __typename: 'RetryRunPayload', run: await c.loaders.runs.clear(id).load(id) };
}
