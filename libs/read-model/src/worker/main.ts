import { parentPort } from 'node:worker_threads';
import { PGlite } from '@electric-sql/pglite';
import type { QueryAnswer, WorkerAnswer, WorkerMessage } from './protocol';

// The thread that owns one PostgreSQL in memory. It knows nothing of the read model: SQL in, rows out.

let database: PGlite | null = null;

const opened = (): PGlite => {
  if (!database) throw new Error('the database is not open');
  return database;
};

async function answer(m: WorkerMessage): Promise<QueryAnswer | Uint8Array | null> {
  switch (m.kind) {
    case 'open':
      database = await PGlite.create(m.load ? { loadDataDir: new Blob([m.load as Uint8Array<ArrayBuffer>]) } : {});
      return null;
    case 'query': {
      const { rows, affectedRows } = await opened().query(m.sql, [...m.parameters]);
      return { rows, affectedRows: affectedRows ?? 0 };
    }
    case 'script':
      await opened().exec(m.sql);
      return null;
    case 'dump': {
      const file = await opened().dumpDataDir('none');
      return new Uint8Array(await file.arrayBuffer());
    }
    case 'close':
      await database?.close();
      database = null;
      return null;
  }
}

if (!parentPort)
  throw new Error('read-model-worker.mjs is a worker thread; it is started by the read model, not by hand');
const port = parentPort;
port.on('message', (m: WorkerMessage) => {
  answer(m).then(
    // A dump is tens of megabytes: handed over, not copied.
    (value) =>
      port.postMessage(
        { id: m.id, ok: true, value } satisfies WorkerAnswer,
        value instanceof Uint8Array ? [value.buffer as ArrayBuffer] : [],
      ),
    (e: Error & { code?: string }) =>
      port.postMessage({ id: m.id, ok: false, message: e.message, code: e.code ?? null } satisfies WorkerAnswer),
  );
});
