import { ObjectNotFoundError, PreconditionFailed } from '../port';
import type { S3Connection } from './connection';
import { bareEtag, pause } from './connection';
import { isMissing, isStatus, isUnavailable } from './failure';

interface Current {
  readonly etag: string;
  readonly body: Uint8Array;
}

const attempts = 6;

/**
 * Compare-and-swap by conditional PUT. What the store answers is one of three things: done; refused (412, or 404 for an etag of an object
 * that is gone); or nobody knows (no answer, a server's error, 409 for two at once). In the third case the object is read back: with our
 * body we have won, with another one than expected we have lost, and with the expected one the same PUT is sent again. That is safe
 * because bodies are unique: should the first still arrive, the second is refused, and the body that is read then is ours.
 */
export async function swapObject(
  { send }: Pick<S3Connection, 'send'>,
  read: (key: string) => Promise<Current>,
  key: string,
  body: Buffer,
  expected: string | null,
): Promise<{ etag: string }> {
  const condition: Record<string, string> =
    expected === null ? { 'if-none-match': '*' } : { 'if-match': `"${expected}"` };
  const current = (): Promise<Current | null> =>
    read(key).catch((error: unknown) => {
      if (error instanceof ObjectNotFoundError) return null;
      throw error;
    });
  let unsure = false;
  for (let n = 1; ; n++) {
    try {
      const headers = { ...condition, 'content-type': 'application/json' };
      const answer = await send({ method: 'PUT', key, headers, body });
      return { etag: bareEtag(answer.headers.etag) };
    } catch (error) {
      const refused = isStatus(error, 412) || isMissing(error);
      const unknown = isUnavailable(error) || isStatus(error, 409);
      if (!refused && !unknown) throw error;
      unsure ||= unknown;
      const found = await current();
      if (unsure && found && Buffer.compare(found.body, body) === 0) return { etag: found.etag };
      if (refused || (found?.etag ?? null) !== expected)
        throw new PreconditionFailed(key, expected, found?.etag ?? null);
      if (n === attempts) throw error;
      await pause(n);
    }
  }
}
