import type { z } from 'zod';
import type { ObjectStore } from './port';
import { ObjectNotFoundError } from './port';

/** A JSON document of the contracts: null when there is none, `unreadable` when it is something else. */
export async function readDocument<S extends z.ZodType>(
  store: Pick<ObjectStore, 'get'>,
  key: string,
  schema: S,
): Promise<z.output<S> | 'unreadable' | null> {
  try {
    return schema.parse(JSON.parse(Buffer.from((await store.get(key)).body).toString('utf8')));
  } catch (e) {
    if (e instanceof ObjectNotFoundError) return null;
    if (e instanceof SyntaxError || (e as Error).name === 'ZodError') return 'unreadable';
    throw e;
  }
}
