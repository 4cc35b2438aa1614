import { Kysely } from 'kysely';
import { migrate } from '../schema/migrations';
import type { Tables } from '../schema/tables';
import { pgliteDialect } from './pglite-dialect';
import { startPgliteWorker } from './pglite-worker';

/** A read-model database with its tables. */
export interface Database {
  readonly db: Kysely<Tables>;
  /** everything in it, for a snapshot */
  dump(): Promise<Uint8Array>;
  /** after the queries under way */
  close(): Promise<void>;
}

/** PostgreSQL in WebAssembly, in the memory of a thread: empty, or as a former `dump` left it. */
export async function openPglite(workerUrl: URL, load: Uint8Array | null): Promise<Database> {
  const worker = await startPgliteWorker(workerUrl, load);
  const db = new Kysely<Tables>({ dialect: pgliteDialect(worker) });
  await migrate(db);
  return {
    db,
    // Through the line of queries, so that no transaction is half way.
    dump: () => db.connection().execute(() => worker.dump()),
    close: async () => {
      await db.connection().execute(async () => undefined);
      await worker.close();
    },
  };
}
