import type { ObjectStore } from '@minvar/service-kit';
import type { Context } from '../context';
import { conflictError, validationError } from '../errors';
import { collectGarbage } from '../garbage/collect';

export interface CollectGarbageInput {
  readonly dryRun?: boolean | null;
  readonly graceHours?: number | null;
}

const hour = 3_600_000;
/** stores in which one is under way: a second one would find the same and do it again */
const collecting = new WeakSet<ObjectStore>();

/** Removes what nothing refers to any more, or says what would go. Doing it again is harmless, so it takes no key. */
export async function collect({ dryRun, graceHours }: CollectGarbageInput, { options, now }: Context) {
  const hours = graceHours ?? 24;
  if (hours < 1 || hours > 24 * 365)
    return validationError(`graceHours: ${hours} is out of range; give 1 to 8760 hours`, ['input', 'graceHours']);
  const { log, store, logger } = options;
  if (collecting.has(store)) return conflictError('garbage is being collected already; ask again when that is done');
  collecting.add(store);
  try {
    const dry = dryRun ?? true;
    const report = await collectGarbage({ log, store, dryRun: dry, graceMs: hours * hour, now });
    const objects = report.garbage.reduce((sum, t) => sum + t.objects, 0);
    const bytes = report.garbage.reduce((sum, t) => sum + t.bytes, 0n);
    logger.info({ dryRun: dry, objects, bytes: String(bytes), graceHours: hours }, 'garbage collected');
    return {
      __typename: 'CollectGarbagePayload',
      dryRun: dry,
      objects,
      bytes,
      kinds: report.garbage,
      keys: report.keys,
      keptObjects: report.kept.objects,
      keptBytes: report.kept.bytes,
    };
  } finally {
    collecting.delete(store);
  }
}
