/** What the main thread asks of the worker that owns a database. One request at a time is in flight a database. */
export type WorkerRequest =
  | { kind: 'open'; load: Uint8Array | null }
  | { kind: 'query'; sql: string; parameters: readonly unknown[] }
  | { kind: 'script'; sql: string }
  | { kind: 'dump' }
  | { kind: 'close' };

export type WorkerMessage = WorkerRequest & { id: number };

export interface QueryAnswer {
  rows: unknown[];
  affectedRows: number;
}

export type WorkerAnswer =
  | { id: number; ok: true; value: QueryAnswer | Uint8Array | null }
  | { id: number; ok: false; message: string; code: string | null };
