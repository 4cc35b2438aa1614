import type { RawBuilder } from 'kysely';
import { sql } from 'kysely';

// Advisory locks: who does what, over all gateways of one database. Each is named; a name's hash is PostgreSQL's key.

/** making, swapping and dropping generations */
export const generationsLock = 'minvar generations';
/** one rebuild at a time */
export const rebuildLock = 'minvar rebuild';
/** shared: a gateway reads this generation. Exclusive: nobody does, so it can be dropped. */
export const useLock = (generation: string): string => `minvar use ${generation}`;
/** folds of what is kept for ever, one after the other: they read rows, and write them back */
export const keptLock = (generation: string): string => `minvar kept ${generation}`;
/** shared: folds of metrics and logs, whose rows are a partition's own. Exclusive: deletions, which take of all of them. */
export const liveLock = (generation: string): string => `minvar live ${generation}`;
export const partitionLock = (generation: string, partition: string): string => `minvar ${generation} ${partition}`;
/** putting back what the log no longer holds, once */
export const restoreLock = (generation: string): string => `minvar restore ${generation}`;

const key = (name: string): RawBuilder<unknown> => sql`hashtextextended(${name}, 0)`;

/** Held until the transaction ends. */
export const lock = (name: string): RawBuilder<unknown> => sql`pg_advisory_xact_lock(${key(name)})`;
export const lockShared = (name: string): RawBuilder<unknown> => sql`pg_advisory_xact_lock_shared(${key(name)})`;
export const tryLock = (name: string): RawBuilder<unknown> => sql`pg_try_advisory_xact_lock(${key(name)})`;
