import type { Servers } from '@minvar/contracts';
import type { EventLog, Position } from '@minvar/service-kit';
import type { PostgresSettings } from './database/postgres';
import type { Change } from './notifier';
import { createPgliteModel } from './on-pglite';
import { createPostgresModel } from './on-postgres';
import type { Vector } from './position';
import type { Queries } from './queries';
import type { ReadObjects } from './rebuild';

/** PGlite in a thread: `workerUrl` is the bundled worker program, `dir` keeps snapshots */
export interface PgliteDatabase {
  readonly kind: 'pglite';
  readonly workerUrl: URL;
  readonly dir: string;
}

/** A PostgreSQL server, which several gateways of one laboratory share */
export interface PostgresDatabase extends PostgresSettings {
  readonly kind: 'postgres';
}

/** PostgreSQL where servers name one, else PGlite. Throws when servers are named without it. */
export function readModelDatabase(
  servers: Pick<Servers, 'postgresUrl'> | null,
  pglite: Omit<PgliteDatabase, 'kind'>,
): PgliteDatabase | PostgresDatabase {
  if (!servers) return { kind: 'pglite', ...pglite };
  if (!servers.postgresUrl) throw new Error('servers are named, but no PostgreSQL: set MINVAR_POSTGRES_URL');
  return { kind: 'postgres', url: servers.postgresUrl };
}

export interface ReadModelOptions<D = PgliteDatabase | PostgresDatabase> {
  readonly database: D;
  readonly log: EventLog;
  /** parts of messages that were too large for the log, and what its metrics and logs topics no longer hold; without it neither is to be had */
  readonly objects?: ReadObjects;
  /** names the consumer group; each gateway process of an embedded laboratory has its own read model */
  readonly consumer?: string;
  /** a snapshot of PGlite is taken after so many events, and at stop */
  readonly snapshotEvery?: number;
  readonly onNotice?: (message: string) => void;
  /** told of every SQL statement */
  readonly onStatement?: (sql: string) => void;
}

export interface RebuildReport {
  /** SHA-256 over rows ordered by key, of the old and of the new fold of the same events */
  readonly before: string;
  readonly after: string;
  readonly events: number;
}

export interface ReadModel {
  readonly queries: Queries;
  /**
   * Loads the last snapshot or folds from the beginning, or, on PostgreSQL, joins the gateways that fold; resolves when caught up
   * with the log's end at the time of the call. Waits for a server that does not answer yet; throws when it refuses.
   */
  start(): Promise<void>;
  /** Stops following, takes a snapshot of PGlite, closes the database. */
  stop(): Promise<void>;
  /** Caught up once, following, and the database answers. */
  ready(): boolean;
  /** How far the fold is: the next offset of every partition. */
  position(): Vector;
  /** Resolves when the records at these positions are folded in; rejects after `timeoutMs`. */
  reached(positions: readonly Position[], timeoutMs?: number): Promise<void>;
  /** Called after each transaction with what it was about. Returns the way to stop it. */
  onChange(listener: (change: Change) => void): () => void;
  /** A new generation beside the old, from the first event on, then swapped in. */
  rebuild(): Promise<RebuildReport>;
  /** Hash of the rows as they are. */
  hash(): Promise<string>;
}

/** Follows the log and answers questions about it. Everything in it can be had again from the log. */
export function createReadModel(options: ReadModelOptions): ReadModel {
  const { database } = options;
  return database.kind === 'pglite'
    ? createPgliteModel({ ...options, database })
    : createPostgresModel({ ...options, database });
}
