import { randomUUID } from 'node:crypto';
import type { ObjectStore } from './port';
import { PreconditionFailed } from './port';

/**
 * Shows that the store refuses a conditional write whose condition does not hold, since all coordination rests on that.
 * Throws an error that says what it did instead.
 */
export async function probeConditionalWrites(store: ObjectStore): Promise<void> {
  const key = `leases/probe-${randomUUID()}/head.json`;
  const body = (n: number): Uint8Array => Buffer.from(JSON.stringify({ probe: n, nonce: randomUUID() }));
  const mustRefuse = async (n: number, expected: string | null, otherwise: string): Promise<void> => {
    try {
      await store.swap(key, body(n), { expected });
    } catch (error) {
      if (error instanceof PreconditionFailed) return;
      throw error;
    }
    throw new Error(
      `the object store cannot be used: ${otherwise}. It needs conditional PUT (If-None-Match: * and If-Match)`,
    );
  };
  try {
    const first = await store.swap(key, body(1), { expected: null });
    await mustRefuse(2, null, 'asked to create an object only, it replaced the one that was there');
    const second = await store.swap(key, body(3), { expected: first.etag });
    await mustRefuse(4, first.etag, 'asked to replace one body, it replaced another');
    const read = await store.get(key);
    if (read.etag !== second.etag)
      throw new Error(`the object store cannot be used: it reads etag ${read.etag} right after writing ${second.etag}`);
  } finally {
    await store.remove(key, { spent: true });
  }
}
