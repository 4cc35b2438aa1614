import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { parentPort } from 'node:worker_threads';
import { PGlite } from '@electric-sql/pglite';
import type { QueryAnswer, WorkerAnswer, WorkerMessage } from './protocol';

// The thread that owns one PostgreSQL in memory. It knows nothing of the read model: SQL in, rows out.

/**
 * Its files lie in this thread's memory already, so a large cache of their pages would only hold them twice (PGlite's own is 160 MB). Nothing survives the
 * thread but dumps, which are whole: pages need no second copy in the write-ahead log, of which little is kept.
 */
const settings = ['shared_buffers=16MB', 'full_page_writes=off', 'wal_recycle=off', 'min_wal_size=32MB'];
const startParams = [...PGlite.defaultStartParams, ...settings.flatMap((s) => ['-c', s])];

// Archives of the database stand outside the heap, where collecting them seems to be worth nothing: it is said when one is done with.
setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

let database: PGlite | null = null;

const opened = (): PGlite => {
  if (!database) throw new Error('the database is not open');
  return database;
};

async function answer(m: WorkerMessage): Promise<QueryAnswer | Uint8Array | null> {
  switch (m.kind) {
    case 'open':
      database = await PGlite.create({
        startParams,
        ...(m.load && { loadDataDir: new Blob([m.load as Uint8Array<ArrayBuffer>]) }),
      });
      m.load = null;
      return null;
    case 'query': {
      const { rows, affectedRows } = await opened().query(m.sql, [...m.parameters]);
      return { rows, affectedRows: affectedRows ?? 0 };
    }
    case 'script':
      await opened().exec(m.sql);
      return null;
    case 'dump': {
      // Nobody else does it here: without it the write-ahead log grows for ever, in memory and in every dump.
      await opened().exec('checkpoint');
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
    (value) => {
      // A dump is tens of megabytes: handed over, not copied.
      const handedOver = value instanceof Uint8Array ? [value.buffer as ArrayBuffer] : [];
      port.postMessage({ id: m.id, ok: true, value } satisfies WorkerAnswer, handedOver);
      if (m.kind === 'open' || m.kind === 'dump') setImmediate(collect);
    },
    (e: Error & { code?: string }) =>
      port.postMessage({ id: m.id, ok: false, message: e.message, code: e.code ?? null } satisfies WorkerAnswer),
  );
});
