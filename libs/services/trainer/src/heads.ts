import type { RunHead, RunResult } from '@minvar/contracts';
import { objectKeys, runHead, runResult } from '@minvar/contracts';
import type { Change, Now } from '@minvar/coordination';
import { refused } from '@minvar/coordination';
import type { ObjectStore } from '@minvar/service-kit';
import { ObjectNotFoundError, PreconditionFailed } from '@minvar/service-kit';

export interface FoundHead {
  readonly head: RunHead;
  readonly etag: string;
}

const bytesOf = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value));

async function readJson(store: ObjectStore, key: string): Promise<{ value: unknown; etag: string } | null> {
  try {
    const { body, etag } = await store.get(key);
    return { value: JSON.parse(Buffer.from(body).toString('utf8')), etag };
  } catch (e) {
    if (e instanceof ObjectNotFoundError) return null;
    throw e;
  }
}

/** A run's head, or null when there is no such run. */
export async function readHead(store: ObjectStore, runId: string): Promise<FoundHead | null> {
  const found = await readJson(store, objectKeys.runHead(runId));
  return found && { head: runHead.parse(found.value), etag: found.etag };
}

/** The result that a succeeded head names. */
export async function readResult(store: ObjectStore, head: RunHead): Promise<RunResult | null> {
  const key = head.outcome?.resultKey;
  const found = key ? await readJson(store, key) : null;
  return found && runResult.parse(found.value);
}

/** Writes a head that nobody has written yet; answers the one that is there, ours or another's. */
export async function createHead(
  store: ObjectStore,
  head: RunHead,
): Promise<{ readonly created: boolean; readonly head: RunHead }> {
  try {
    await store.swap(objectKeys.runHead(head.runId), bytesOf(head), { expected: null });
    return { created: true, head };
  } catch (e) {
    const there = await readHead(store, head.runId);
    // An answer that was lost is read back by the nonce; without a head the failure is what it says.
    if (there) return { created: there.head.nonce === head.nonce, head: there.head };
    throw e;
  }
}

/**
 * Changes a head by compare-and-swap, from what it is now, again when somebody was faster. Answers the new head, or why the
 * transition refused. Throws when the store fails and the change cannot be found in it.
 */
export async function changeHead(
  store: ObjectStore,
  runId: string,
  now: () => Now,
  transition: (head: RunHead, now: Now) => Change<RunHead>,
): Promise<{ readonly change: Change<RunHead>; readonly before: RunHead | null }> {
  for (;;) {
    const found = await readHead(store, runId);
    if (!found) return { change: refused(`there is no run ${runId}`), before: null };
    const change = transition(found.head, now());
    if (!change.ok) return { change, before: found.head };
    try {
      await store.swap(objectKeys.runHead(runId), bytesOf(change.value), { expected: found.etag });
      return { change, before: found.head };
    } catch (e) {
      const there = await readHead(store, runId);
      if (there?.head.nonce === change.value.nonce) return { change, before: found.head };
      if (!(e instanceof PreconditionFailed)) throw e;
    }
  }
}
