import type { DatabaseConnection, Dialect, Driver, QueryResult } from 'kysely';
import { CompiledQuery, PostgresAdapter, PostgresIntrospector, PostgresQueryCompiler } from 'kysely';
import type { PgliteWorker } from './pglite-worker';

/** Kysely over the one connection that PGlite has: a transaction holds it, everybody else waits in line. */
export function pgliteDialect(worker: PgliteWorker): Dialect {
  return {
    createAdapter: () => new PostgresAdapter(),
    createDriver: () => createDriver(worker),
    createIntrospector: (db) => new PostgresIntrospector(db),
    createQueryCompiler: () => new PostgresQueryCompiler(),
  };
}

function createDriver(worker: PgliteWorker): Driver {
  const connection: DatabaseConnection = {
    async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
      const { rows, affectedRows } = await worker.query(query.sql, query.parameters);
      return { rows: rows as R[], numAffectedRows: BigInt(affectedRows) };
    },
    // eslint-disable-next-line require-yield
    async *streamQuery() {
      throw new Error('PGlite does not stream rows; read them in pages');
    },
  };
  const line: Array<() => void> = [];
  let taken = false;
  return {
    init: async () => undefined,
    acquireConnection: async () => {
      if (taken) await new Promise<void>((turn) => line.push(turn));
      taken = true;
      return connection;
    },
    releaseConnection: async () => {
      const turn = line.shift();
      if (turn) turn();
      else taken = false;
    },
    beginTransaction: async (c) => void (await c.executeQuery(CompiledQuery.raw('begin'))),
    commitTransaction: async (c) => void (await c.executeQuery(CompiledQuery.raw('commit'))),
    rollbackTransaction: async (c) => void (await c.executeQuery(CompiledQuery.raw('rollback'))),
    destroy: async () => undefined,
  };
}
