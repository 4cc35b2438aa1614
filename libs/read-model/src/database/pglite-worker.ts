import { Worker } from 'node:worker_threads';
import type { QueryAnswer, WorkerAnswer, WorkerRequest } from '../worker/protocol';

/** A PostgreSQL in a thread of its own, as the worker program offers it. */
export interface PgliteWorker {
  query(sql: string, parameters: readonly unknown[]): Promise<QueryAnswer>;
  script(sql: string): Promise<void>;
  /** the data directory as a tar archive */
  dump(): Promise<Uint8Array>;
  close(): Promise<void>;
}

/** Starts the worker and opens a database in its memory: an empty one, or the one that `load` (a former `dump`) holds. */
export async function startPgliteWorker(workerUrl: URL, load: Uint8Array | null): Promise<PgliteWorker> {
  const worker = new Worker(workerUrl);
  const waiting = new Map<number, { resolve: (v: never) => void; reject: (e: Error) => void }>();
  let next = 0;
  let ended: Error | null = null;
  const end = (e: Error) => {
    ended ??= e;
    for (const w of waiting.values()) w.reject(e);
    waiting.clear();
  };
  worker.on('message', (a: WorkerAnswer) => {
    const asked = waiting.get(a.id);
    waiting.delete(a.id);
    if (a.ok) asked?.resolve(a.value as never);
    else asked?.reject(Object.assign(new Error(a.message), { code: a.code }));
  });
  worker.on('error', (e: Error) =>
    end(new Error(`the read model's database thread failed: ${e.message}`, { cause: e })),
  );
  worker.on('exit', (code) => end(new Error(`the read model's database thread ended (code ${code})`)));

  const ask = <T>(request: WorkerRequest, transfer: ArrayBuffer[] = []): Promise<T> =>
    new Promise<T>((resolve, reject) => {
      if (ended) return reject(ended);
      const id = next++;
      waiting.set(id, { resolve, reject });
      worker.postMessage({ ...request, id }, transfer);
    });

  try {
    // A dump of its own buffer is handed over; a part of a larger one is copied.
    const whole = load !== null && load.byteLength === load.buffer.byteLength;
    await ask({ kind: 'open', load }, whole ? [load.buffer as ArrayBuffer] : []);
  } catch (e) {
    await worker.terminate();
    throw e;
  }
  return {
    query: (sql, parameters) => ask({ kind: 'query', sql, parameters }),
    script: (sql) => ask({ kind: 'script', sql }),
    dump: () => ask({ kind: 'dump' }),
    close: async () => {
      await ask({ kind: 'close' }).catch(() => undefined);
      await worker.terminate();
    },
  };
}
