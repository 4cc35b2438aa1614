import type { LeaseHead } from '@minvar/contracts';
import { leaseHead, objectKeys } from '@minvar/contracts';
import type { Lease, LeaseEffect, LeaseInput, Now } from '@minvar/coordination';
import { createLease, holds, isReleased, readEvery, stepLease } from '@minvar/coordination';
import type { ObjectStore } from '@minvar/service-kit';
import { ObjectNotFoundError, PreconditionFailed } from '@minvar/service-kit';

export interface LeaseLoop {
  readonly start: () => void;
  readonly holds: () => boolean;
  /** Gives the lease back; resolves when it is free for others, or after two seconds. */
  readonly stop: () => Promise<void>;
}

/** Keeps trying for a named lease and renews it: carries out the effects of `stepLease`. */
export function createLeaseLoop(
  store: ObjectStore,
  name: string,
  owner: string,
  leaseMs: number,
  now: () => Now,
  changed: () => void,
): LeaseLoop {
  let lease: Lease = createLease(name, owner, leaseMs);
  let timer: NodeJS.Timeout | undefined;
  const key = objectKeys.lease(name);

  function feed(input: LeaseInput): void {
    const held = holds(lease, now().ms);
    const to = stepLease(lease, input, now());
    lease = to.state;
    for (const effect of to.effects) {
      void perform(effect).then(feed, () => feed({ kind: effect.kind === 'read' ? 'readFailed' : 'swapUnknown' }));
    }
    if (held !== holds(lease, now().ms)) changed();
  }

  async function perform(effect: LeaseEffect): Promise<LeaseInput> {
    if (effect.kind === 'read') return read();
    try {
      const { etag } = await store.swap(key, Buffer.from(JSON.stringify(effect.body)), {
        expected: effect.kind === 'create' ? null : effect.expected,
      });
      return { kind: 'swapped', etag };
    } catch (e) {
      return { kind: e instanceof PreconditionFailed ? 'swapRefused' : 'swapUnknown' };
    }
  }

  async function read(): Promise<LeaseInput> {
    try {
      const { body, etag } = await store.get(key);
      const head: LeaseHead = leaseHead.parse(JSON.parse(Buffer.from(body).toString('utf8')));
      return { kind: 'read', head, etag };
    } catch (e) {
      if (e instanceof ObjectNotFoundError) return { kind: 'read', head: null, etag: null };
      throw e;
    }
  }

  return {
    start: () => {
      feed({ kind: 'tick' });
      timer = setInterval(() => feed({ kind: 'tick' }), Math.max(20, readEvery(leaseMs) / 2));
    },
    holds: () => holds(lease, now().ms),
    stop: async () => {
      clearInterval(timer);
      feed({ kind: 'release' });
      for (let i = 0; i < 100 && !isReleased(lease) && lease.head?.owner === owner; i++) {
        await new Promise((resolve) => setTimeout(resolve, 20));
        feed({ kind: 'tick' });
      }
    },
  };
}
