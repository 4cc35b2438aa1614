import { sql } from 'kysely';
import type { Transaction } from 'kysely';
import { keptLock, liveLock, lock, lockShared, partitionLock } from '../database/locks';
import { encodeFolded, tell } from '../messages-between';
import { subjectsOf } from '../notifier';
import { partitionKey } from '../position';
import { isShortLived } from '../rebuild';
import type { Tables } from '../schema/tables';
import type { Around } from './apply-events';

/** The generation is current no more: what was to be folded comes again in the next one's group. */
export class GenerationRetiredError extends Error {
  override readonly name = 'GenerationRetiredError';
  constructor(generation: string) {
    super(`${generation} of the read model has been replaced`);
  }
}

const isDeletion = (type: string): boolean => type === 'run.deleted' || type === 'experiment.deleted';

/** What the transactions of several gateways that fold into one generation do besides: they take turns, and tell. */
export const sharedFold = (generation: string): Around => ({
  async before(tx, records) {
    const partitions = new Map(records.map((r) => [partitionKey(r.topic, r.partition), r.topic]));
    const live = [...partitions].filter(([, topic]) => isShortLived(topic)).map(([key]) => key);
    if (live.length < partitions.size) await sql`select ${lock(keptLock(generation))}`.execute(tx);
    if (records.some((r) => isDeletion(r.envelope.type))) await sql`select ${lock(liveLock(generation))}`.execute(tx);
    if (live.length > 0) await sql`select ${lockShared(liveLock(generation))}`.execute(tx);
    for (const key of live.sort()) await sql`select ${lock(partitionLock(generation, key))}`.execute(tx);
    await checkCurrent(tx, generation);
  },
  async after(tx, next, records) {
    await tell(tx, encodeFolded(generation, next, subjectsOf(records)));
  },
});

/** Under one of the locks: a swap takes all of them. */
export async function checkCurrent(tx: Transaction<Tables>, generation: string): Promise<void> {
  const { rows } = await sql`select 1 from generations where name = ${generation} and state = 'current'`.execute(tx);
  if (rows.length === 0) throw new GenerationRetiredError(generation);
}
