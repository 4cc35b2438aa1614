import type { Context } from '../context';
import { conflictError, notFoundError, validationError } from '../errors';
import { maxPage } from '../page-cursor';
import type { Settlement } from './letters';
import { canReplay, parseLetterId, readDeadLetters, settle } from './letters';

export interface SettleInput {
  readonly ids: readonly string[];
}

/** Deals with all of the letters or, when one of them cannot be, with none. */
export async function settleLetters(how: Settlement, { ids }: SettleInput, { options }: Context) {
  const path = ['input', 'ids'];
  const wanted = [...new Set(ids)];
  if (wanted.length < 1 || wanted.length > maxPage)
    return validationError(`ids: ${wanted.length} are out of range; give 1 to ${maxPage} at a time`, path);
  const malformed = wanted.find((id) => parseLetterId(id) === null);
  if (malformed !== undefined)
    return validationError(`ids: '${malformed.slice(0, 80)}' is no dead letter; they look like dead_trainer_0`, path);
  const { open, settled } = await readDeadLetters(options.log);
  const letters = [];
  for (const id of wanted) {
    const letter = open.find((l) => l.id === id);
    const was = settled.get(id);
    if (was) return conflictError(`${id} is dealt with already: it was ${was}`, path);
    if (!letter) return notFoundError(`there is no dead letter ${id}`, path);
    if (how === 'replayed' && !canReplay(letter))
      return conflictError(
        `${id} was damaged in the log, so that nobody knows what it said: restore ${letter.original.topic}/${letter.partition} offset ${letter.offset} from a backup, or drop the letter`,
        path,
      );
    letters.push(letter);
  }
  await settle(options.log, letters, how);
  options.logger.info({ ids: wanted }, `dead letters ${how}`);
  return { __typename: 'DeadLettersPayload', ids: wanted };
}
