import type { EventLog, Position } from '@minvar/service-kit';
import { sql } from 'kysely';
import type { Generations } from './database/generations';
import { newGeneration, swapGenerations } from './database/generations';
import { keptLock, liveLock, lock, rebuildLock, useLock } from './database/locks';
import type { Postgres } from './database/postgres';
import { ReadModelUnavailableError } from './database/unavailable';
import { skipTo, storedPositions } from './fold/apply-events';
import { checkCurrent } from './fold/shared-fold';
import type { Vector } from './position';
import { partitionKey } from './position';
import type { RebuildReport } from './read-model';
import type { ReadObjects } from './rebuild';
import { cutBefore, foldAnew, restore } from './rebuild';
import { rowsHash } from './rows-hash';

interface Parts {
  readonly postgres: Postgres;
  readonly generations: Generations;
  readonly log: EventLog;
  readonly objects: ReadObjects;
  /** the generation that is current */
  readonly from: string;
}

/** What may be left to fold while all others wait. */
const few = 2000;

const vectorOf = (positions: readonly Position[]): Vector =>
  new Map(positions.map((p) => [partitionKey(p.topic, p.partition), p.offset]));

/**
 * A new generation beside the current one, which goes on being folded and read; when the new one has all but caught up, folds wait
 * for the last records, and for the swap. Then the old one stands still, and both are hashed as they were at that moment.
 */
export async function rebuildShared(parts: Parts): Promise<RebuildReport> {
  const { postgres, from } = parts;
  const name = newGeneration();
  const report = await postgres.holding(rebuildLock, 'if free', () =>
    postgres.holding(useLock(name), 'shared', () =>
      postgres.holding(useLock(from), 'shared', () => build(parts, name)),
    ),
  );
  await parts.generations.dropUnused();
  if (!report) throw new ReadModelUnavailableError('another gateway is rebuilding it');
  return report;
}

async function build({ postgres, generations, log, objects, from }: Parts, name: string): Promise<RebuildReport> {
  await generations.build(name);
  const [old, next] = [postgres.rebuilding(from), postgres.rebuilding(name)];
  let events = 0;
  /** From where it is to where the current one is. */
  const goOn = async (to: readonly Position[]): Promise<number> => {
    const folded = await foldAnew(next, name, log, vectorOf(await storedPositions(next, name)), to, objects);
    // Also past what could not be read.
    await skipTo(next, name, to);
    events += folded;
    return folded;
  };
  while ((await goOn(await storedPositions(old, from))) > few);
  await restore(next, await cutBefore(log, []), objects);

  const snapshot = createSnapshot(postgres, name);
  try {
    await old.transaction().execute(async (tx) => {
      await sql`select ${lock(keptLock(from))}`.execute(tx);
      await sql`select ${lock(liveLock(from))}`.execute(tx);
      await checkCurrent(tx, from);
      await goOn(await storedPositions(tx, from));
      await snapshot.take();
      await swapGenerations(tx, from, name);
    });
    return { before: await rowsHash(old), after: await snapshot.hash(), events };
  } finally {
    snapshot.forget();
  }
}

/** A generation as it is when `take` resolves, whatever is folded later. */
function createSnapshot(postgres: Postgres, name: string) {
  const asked = new AbortController();
  let hashing: Promise<string> | null = null;
  return {
    take: () =>
      new Promise<void>((taken, failed) => {
        hashing = postgres
          .rebuilding(name)
          .transaction()
          .setIsolationLevel('repeatable read')
          .execute(async (tx) => {
            await sql`select 1 from offsets`.execute(tx);
            taken();
            await new Promise((go) => asked.signal.addEventListener('abort', go, { once: true }));
            return rowsHash(tx);
          });
        hashing.catch(failed);
      }),
    hash: (): Promise<string> => {
      asked.abort();
      return hashing!;
    },
    forget: (): void => asked.abort(),
  };
}
