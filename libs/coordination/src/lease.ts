import type { LeaseHead } from '@minvar/contracts';
import type { Now } from './change';
import type { LeaseWatch } from './lease-clock';
import { mayPublish, observe, ranOut, readEvery, renewalDue } from './lease-clock';

/**
 * A named lease (`leases/<name>/head.json`) as one contender sees it: the dispatcher's, for example. Effects `read`,
 * `create` (put if absent) and `swap` (put if the etag matches) go to the object store and are answered like a keeper's.
 */
export interface Lease {
  readonly name: string;
  readonly owner: string;
  readonly leaseMs: number;
  readonly head: LeaseHead | null;
  readonly etag: string | null;
  readonly watch: LeaseWatch | null;
  readonly lastReadMs: number | null;
  readonly lastSwapMs: number | null;
  readonly reading: boolean;
  readonly swap: { readonly body: LeaseHead; readonly sentMs: number; readonly doubt: boolean } | null;
  readonly giveUp: boolean;
}

export type LeaseInput =
  | { readonly kind: 'tick' }
  | { readonly kind: 'release' }
  | { readonly kind: 'read'; readonly head: LeaseHead | null; readonly etag: string | null }
  | { readonly kind: 'readFailed' }
  | { readonly kind: 'swapped'; readonly etag: string }
  | { readonly kind: 'swapRefused' }
  | { readonly kind: 'swapUnknown' };

export type LeaseEffect =
  | { readonly kind: 'read' }
  | { readonly kind: 'create'; readonly body: LeaseHead }
  | { readonly kind: 'swap'; readonly expected: string; readonly body: LeaseHead };

export interface LeaseStep {
  readonly state: Lease;
  readonly effects: readonly LeaseEffect[];
}

export function createLease(name: string, owner: string, leaseMs: number): Lease {
  return {
    name,
    owner,
    leaseMs,
    head: null,
    etag: null,
    watch: null,
    lastReadMs: null,
    lastSwapMs: null,
    reading: false,
    swap: null,
    giveUp: false,
  };
}

/** True while the holder may act: its last successful swap was sent less than a lease ago. */
export const holds = (l: Lease, nowMs: number): boolean =>
  l.head?.owner === l.owner && !l.giveUp && mayPublish(l.lastSwapMs, nowMs, l.leaseMs);

/** True once a lease that was given up is free again, or was never held. */
export const isReleased = (l: Lease): boolean => l.giveUp && l.swap === null && l.head?.owner !== l.owner;

const step = (state: Lease, ...effects: LeaseEffect[]): LeaseStep => ({ state, effects });

export function stepLease(l: Lease, input: LeaseInput, now: Now): LeaseStep {
  switch (input.kind) {
    case 'release':
      return next({ ...l, giveUp: true }, now);
    case 'tick':
      return next(l, now);
    case 'readFailed':
      return step({ ...l, reading: false, watch: null });
    case 'swapRefused':
    case 'swapUnknown':
      return l.swap ? step({ ...l, swap: { ...l.swap, doubt: true }, reading: true }, { kind: 'read' }) : step(l);
    case 'swapped':
      return l.swap
        ? next({ ...l, head: l.swap.body, etag: input.etag, lastSwapMs: l.swap.sentMs, swap: null }, now)
        : step(l);
    case 'read': {
      const landed = l.swap !== null && input.head?.nonce === l.swap.body.nonce;
      const seen: Lease = {
        ...l,
        reading: false,
        lastReadMs: now.ms,
        head: input.head,
        etag: input.etag,
        swap: null,
        lastSwapMs: landed ? l.swap!.sentMs : l.lastSwapMs,
      };
      const watch = input.etag !== null ? observe(l.watch, input.etag, now.ms, l.leaseMs) : null;
      return next({ ...seen, watch }, now);
    }
  }
}

/** The one next thing to do: renew or give back what is ours, take what is free or has run out, else look again. */
function next(l: Lease, now: Now): LeaseStep {
  if (l.swap?.doubt && !l.reading) return step({ ...l, reading: true }, { kind: 'read' });
  if (l.swap || l.reading) return step(l);
  const swap = (owner: string | null, term: number): LeaseStep => {
    const body: LeaseHead = { v: 1, name: l.name, term, owner, counter: (l.head?.counter ?? 0) + 1, nonce: now.nonce };
    const state = { ...l, swap: { body, sentMs: now.ms, doubt: false } };
    return step(state, l.etag === null ? { kind: 'create', body } : { kind: 'swap', expected: l.etag, body });
  };
  if (l.lastReadMs === null) return l.giveUp ? step(l) : step({ ...l, reading: true }, { kind: 'read' });
  if (l.head?.owner === l.owner) {
    if (l.giveUp) return swap(null, l.head.term);
    return l.lastSwapMs === null || renewalDue(l.lastSwapMs, now.ms, l.leaseMs) ? swap(l.owner, l.head.term) : step(l);
  }
  if (l.giveUp) return step(l);
  if (!l.head || l.head.owner === null || ranOut(l.watch, l.leaseMs)) return swap(l.owner, (l.head?.term ?? 0) + 1);
  return now.ms - l.lastReadMs >= readEvery(l.leaseMs) ? step({ ...l, reading: true }, { kind: 'read' }) : step(l);
}
