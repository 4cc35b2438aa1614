import type { DatabaseConnection, Dialect, QueryResult } from 'kysely';
import { CompiledQuery, PostgresAdapter, PostgresIntrospector, PostgresQueryCompiler } from 'kysely';
import type { Pool, PoolClient } from 'pg';
import { asUnavailable, isConnectionLost } from './unavailable';

/** A pool, and what its connections are set to. */
export interface PostgresPool {
  readonly pool: Pool;
  readonly onStatement: (sql: string) => void;
  /** the search path of each connection */
  readonly paths: WeakMap<PoolClient, string>;
}

class PostgresConnection implements DatabaseConnection {
  /** it is not used again */
  isLost = false;

  constructor(
    readonly client: PoolClient,
    private readonly onStatement: (sql: string) => void,
  ) {}

  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    this.onStatement(query.sql);
    try {
      const { rows, rowCount } = await this.client.query(query.sql, [...query.parameters]);
      return { rows: rows as R[], numAffectedRows: BigInt(rowCount ?? 0) };
    } catch (e) {
      this.isLost ||= isConnectionLost(e);
      throw asUnavailable(e);
    }
  }

  async *streamQuery(): AsyncGenerator<never> {
    throw new Error('rows are read in pages');
  }
}

/** Kysely over a pool, in some schemas. Errors that pass are `ReadModelUnavailableError`. */
export function postgresDialect({ pool, paths, onStatement }: PostgresPool, schemas: readonly string[]): Dialect {
  const path = schemas.map((s) => `"${s}"`).join(', ');

  async function acquire(): Promise<PostgresConnection> {
    const client = await pool.connect().catch((e: unknown) => {
      throw asUnavailable(e);
    });
    const connection = new PostgresConnection(client, onStatement);
    if (paths.get(client) === path) return connection;
    try {
      await client.query(`set search_path to ${path}`);
      paths.set(client, path);
      return connection;
    } catch (e) {
      client.release(true);
      throw asUnavailable(e);
    }
  }

  const run = (c: DatabaseConnection, sql: string) => c.executeQuery(CompiledQuery.raw(sql));
  return {
    createAdapter: () => new PostgresAdapter(),
    createIntrospector: (db) => new PostgresIntrospector(db),
    createQueryCompiler: () => new PostgresQueryCompiler(),
    createDriver: () => ({
      init: async () => undefined,
      acquireConnection: acquire,
      releaseConnection: async (c) => {
        const { client, isLost } = c as PostgresConnection;
        client.release(isLost);
      },
      beginTransaction: async (c, { isolationLevel }) =>
        void (await run(c, isolationLevel ? `begin isolation level ${isolationLevel}` : 'begin')),
      commitTransaction: async (c) => void (await run(c, 'commit')),
      // With its connection a transaction is gone; what went wrong is told, not that it cannot be undone.
      rollbackTransaction: async (c) => {
        const connection = c as PostgresConnection;
        if (connection.isLost) return;
        await run(c, 'rollback').catch(() => (connection.isLost = true));
      },
      destroy: async () => undefined,
    }),
  };
}
