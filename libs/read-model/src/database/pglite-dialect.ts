import type { DatabaseConnection, Dialect, QueryResult } from 'kysely';
import { CompiledQuery, PostgresAdapter, PostgresIntrospector, PostgresQueryCompiler } from 'kysely';
import { sharedSchema } from '../schema/shared';
import type { PgliteWorker } from './pglite-worker';

/** Patient work lets so many others go first, then has its turn. */
const patience = 25;

/** The one connection that PGlite has: whoever holds it works in his schema, everybody else waits in line. */
export interface Line {
  /** `isPatient`: for long work that can wait; those who come later and are not patient go first, up to a number */
  take(schema: string, isPatient: boolean): Promise<DatabaseConnection>;
  leave(): void;
}

export function createLine(worker: PgliteWorker, onStatement: (sql: string) => void): Line {
  const connection: DatabaseConnection = {
    async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
      onStatement(query.sql);
      const { rows, affectedRows } = await worker.query(query.sql, query.parameters);
      return { rows: rows as R[], numAffectedRows: BigInt(affectedRows) };
    },
    async *streamQuery() {
      throw new Error('PGlite does not stream rows; read them in pages');
    },
  };
  const waiting: Array<() => void> = [];
  const patient: Array<() => void> = [];
  let passed = 0;
  let taken = false;
  let current = '';
  const leave = (): void => {
    const isTheirs = patient.length > 0 && (waiting.length === 0 || passed >= patience);
    passed = isTheirs || patient.length === 0 ? 0 : passed + 1;
    const turn = isTheirs ? patient.shift() : waiting.shift();
    if (turn) turn();
    else taken = false;
  };
  return {
    async take(schema, isPatient) {
      if (taken) await new Promise<void>((turn) => (isPatient ? patient : waiting).push(turn));
      taken = true;
      if (current === schema) return connection;
      try {
        await worker.query(`set search_path to "${schema}", "${sharedSchema}"`, []);
        current = schema;
        return connection;
      } catch (e) {
        leave();
        throw e;
      }
    },
    leave,
  };
}

/** Kysely over that line, in one schema. */
export function pgliteDialect(line: Line, schema: string, { isPatient } = { isPatient: false }): Dialect {
  return {
    createAdapter: () => new PostgresAdapter(),
    createIntrospector: (db) => new PostgresIntrospector(db),
    createQueryCompiler: () => new PostgresQueryCompiler(),
    createDriver: () => ({
      init: async () => undefined,
      acquireConnection: () => line.take(schema, isPatient),
      releaseConnection: async () => line.leave(),
      beginTransaction: async (c) => void (await c.executeQuery(CompiledQuery.raw('begin'))),
      commitTransaction: async (c) => void (await c.executeQuery(CompiledQuery.raw('commit'))),
      rollbackTransaction: async (c) => void (await c.executeQuery(CompiledQuery.raw('rollback'))),
      destroy: async () => undefined,
    }),
  };
}
