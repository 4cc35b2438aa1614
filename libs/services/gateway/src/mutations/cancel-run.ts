import { isTerminal } from '@minvar/contracts';
import type { Context } from '../context';
import { conflictError, notFoundError } from '../errors';
import { accept, keyOf, refuse, send } from './accept';

export interface RunInput {
  readonly id: string;
  readonly idempotencyKey?: string | null;
}

/** Asks for a run to end; the answer shows it with the request noted. */
export async function cancelRun({ id, idempotencyKey }: RunInput, c: Context) {
  const run = await c.loaders.runs.load(id);
  if (!run) return notFoundError(`there is no run '${id}'`, ['input', 'id']);
  const accepted = await accept(c, 'cancelRun', idempotencyKey, { id }, id);
  if ('__typename' in accepted) return accepted;
  const key = keyOf(idempotencyKey);
  if (!accepted.isRepeat) {
    if (isTerminal(run.state!))
      return refuse(c, idempotencyKey, conflictError(`run '${id}' is ${run.state} already`, ['input', 'id']));
    const data = { runId: id, attempt: run.attempt!, idempotencyKey: key };
    await send(c, { type: 'run.cancel', subject: id, data }, 'cancelRun', idempotencyKey, key, { id }, id);
  }
  return { __typename: 'CancelRunPayload', run: await c.loaders.runs.clear(id).load(id) };
}
