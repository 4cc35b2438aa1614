import { Kysely } from 'kysely';
import { Client, Pool, types as standardTypes } from 'pg';
import type { ClientConfig, PoolClient } from 'pg';
import { sharedSchema } from '../schema/shared';
import type { Tables } from '../schema/tables';
import type { PostgresPool } from './postgres-dialect';
import { postgresDialect } from './postgres-dialect';
import { asUnavailable } from './unavailable';

export interface PostgresSettings {
  /** `postgresql://user:password@host:port/database`; the database is this laboratory's alone */
  readonly url: string;
  /** connections for questions (10); folds have `folds` more (3), and one listens */
  readonly questions?: number;
  readonly folds?: number;
  /** a question that takes longer fails (10 s) */
  readonly questionMs?: number;
  /** so does a transaction's statement (2 min) */
  readonly foldMs?: number;
}

export interface Postgres {
  /** The tables of a generation, for short questions. */
  questions(generation: string): Kysely<Tables>;
  /** The same, for folds. */
  folds(generation: string): Kysely<Tables>;
  /** Only what no generation owns. */
  shared(): Kysely<Tables>;
  /** A connection of its own, not connected yet. */
  client(): Client;
  /** And for a rebuild, beside them. */
  rebuilding(generation: string): Kysely<Tables>;
  /** Does `work` while a connection of its own holds a lock, which ends with it. `if free`: null when others hold it. */
  holding<T>(lock: string, how: 'shared' | 'exclusive' | 'if free', work: () => Promise<T>): Promise<T | null>;
  /** Ends what is under way. */
  cut(): void;
  /** Waits for what is under way, `patienceMs` at most; then connections are cut. */
  close(patienceMs: number): Promise<void>;
}

const int8 = 20;

/** As PGlite reads them: integers are numbers, also those of 64 bits; ours stay far below 2⁵³. */
const types = {
  getTypeParser: ((oid: number, format?: 'text' | 'binary') =>
    oid === int8 ? (text: string) => Number(text) : standardTypes.getTypeParser(oid, format as 'text')) as never,
};

/** An open transaction in which nothing happens holds others up: its process was stopped, or its host is gone. */
const idleInTransactionMs = 30_000;

const settingsOf = (url: string, statementMs: number): ClientConfig => ({
  connectionString: url,
  application_name: 'minvar gateway',
  types,
  keepAlive: true,
  connectionTimeoutMillis: 5000,
  statement_timeout: statementMs,
  idle_in_transaction_session_timeout: idleInTransactionMs,
  // A server that is stopped cancels nothing: then this side gives up.
  query_timeout: statementMs + 2000,
});

export function openPostgres(
  { url, questions = 10, folds = 3, questionMs = 10_000, foldMs = 120_000 }: PostgresSettings,
  onStatement: (sql: string) => void = () => undefined,
): Postgres {
  const open = new Set<Client>();
  let isCut = false;
  const cut = (): void => {
    isCut = true;
    for (const client of open) cutOff(client);
  };
  const poolOf = (max: number, statementMs: number): PostgresPool => {
    const pool = new Pool({ ...settingsOf(url, statementMs), max, idleTimeoutMillis: 60_000 });
    // What is lost while nobody uses it is replaced when somebody does.
    pool.on('error', () => undefined);
    pool.on('connect', (client) => {
      open.add(client as PoolClient & Client);
      client.on('error', () => undefined);
      if (isCut) cutOff(client as PoolClient & Client);
    });
    pool.on('remove', (client) => void open.delete(client as PoolClient & Client));
    return { pool, onStatement, paths: new WeakMap() };
  };
  const pools = { questions: poolOf(questions, questionMs), folds: poolOf(folds, foldMs), rebuilds: poolOf(3, foldMs) };
  const tables = (pool: PostgresPool, generation: string) =>
    new Kysely<Tables>({ dialect: postgresDialect(pool, [generation, sharedSchema]) });
  return {
    questions: (generation) => tables(pools.questions, generation),
    folds: (generation) => tables(pools.folds, generation),
    rebuilding: (generation) => tables(pools.rebuilds, generation),
    shared: () => new Kysely<Tables>({ dialect: postgresDialect(pools.questions, [sharedSchema]) }),
    client: () => new Client(settingsOf(url, foldMs)),
    holding: async (lock, how, work) => {
      const client = new Client(settingsOf(url, foldMs));
      client.on('error', () => undefined);
      open.add(client);
      try {
        await client.connect();
        const ask = `select pg_try_advisory_lock${how === 'shared' ? '_shared' : ''}(hashtextextended($1, 0)) as got`;
        while (!(await client.query(ask, [lock])).rows[0].got) {
          if (how === 'if free') return null;
          await new Promise((resolve) => setTimeout(resolve, 200));
        }
        const result = await work();
        // Ending the connection would do it too, but a moment later.
        await client.query('select pg_advisory_unlock_all()');
        return result;
      } catch (e) {
        throw asUnavailable(e);
      } finally {
        open.delete(client);
        await client.end().catch(() => undefined);
      }
    },
    cut,
    close: async (patienceMs) => {
      const late = setTimeout(cut, patienceMs);
      await Promise.all(Object.values(pools).map(({ pool }) => pool.end()));
      clearTimeout(late);
    },
  };
}

/** Ends a connection without a word to the other side, which may not listen. */
export function cutOff(client: Client): void {
  const { connection } = client as unknown as { connection: { stream: { destroy(): void } } };
  connection.stream.destroy();
}
