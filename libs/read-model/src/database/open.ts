import { Kysely, sql } from 'kysely';
import { migrate } from '../schema/migrations';
import { createShared, dropOldReservations } from '../schema/shared';
import type { Tables } from '../schema/tables';
import { createLine, pgliteDialect } from './pglite-dialect';
import { startPgliteWorker } from './pglite-worker';

/** A database in which generations of the read model live side by side, each in a schema of its own. */
export interface Database {
  /** The tables of a generation, made when they are missing. */
  generation(name: string): Promise<Kysely<Tables>>;
  /** The same tables for long work that can wait: questions and short work go first. */
  patiently(name: string): Kysely<Tables>;
  /** Removes a generation, after the queries under way. */
  drop(name: string): Promise<void>;
  /** everything in it, for a snapshot */
  dump(): Promise<Uint8Array>;
  /** after the queries under way */
  close(): Promise<void>;
}

/** A database without tables. The thread that makes it ends with it, and so do the 300 MB that making it took. */
async function emptyDump(workerUrl: URL): Promise<Uint8Array> {
  const worker = await startPgliteWorker(workerUrl, null);
  try {
    return await worker.dump();
  } finally {
    await worker.close();
  }
}

/** PostgreSQL in WebAssembly, in the memory of a thread: empty, or as a former `dump` left it. */
export async function openPglite(
  workerUrl: URL,
  load: Uint8Array | null,
  onStatement: (sql: string) => void = () => undefined,
): Promise<Database> {
  const worker = await startPgliteWorker(workerUrl, load ?? (await emptyDump(workerUrl)));
  const line = createLine(worker, onStatement);
  const admin = new Kysely<Tables>({ dialect: pgliteDialect(line, 'public') });
  await createShared(admin as never);
  await dropOldReservations(admin as never);
  return {
    async generation(name) {
      await sql`create schema if not exists ${sql.id(name)}`.execute(admin);
      const db = new Kysely<Tables>({ dialect: pgliteDialect(line, name) });
      await migrate(db);
      return db;
    },
    patiently: (name) => new Kysely<Tables>({ dialect: pgliteDialect(line, name, { isPatient: true }) }),
    drop: async (name) => void (await sql`drop schema if exists ${sql.id(name)} cascade`.execute(admin)),
    // Through the line of queries, so that no transaction is half way.
    dump: () => admin.connection().execute(() => worker.dump()),
    close: async () => {
      await admin.connection().execute(async () => undefined);
      await worker.close();
    },
  };
}
