/**
 * The lease clock. Nobody compares wall clocks: a contender counts, on its own monotonic clock, how long it has been
 * reading one and the same etag. All times in milliseconds.
 */
export interface LeaseWatch {
  readonly etag: string;
  readonly sinceMs: number;
  readonly lastMs: number;
}

/**
 * Adds one successful read. The count starts anew when the etag moved, when the clock ran backwards, and after a gap of
 * more than half a lease: while the store was away its holder could not renew either.
 */
export function observe(watch: LeaseWatch | null, etag: string, nowMs: number, leaseMs: number): LeaseWatch {
  const goesOn = watch !== null && watch.etag === etag && nowMs >= watch.lastMs && nowMs - watch.lastMs <= leaseMs / 2;
  return goesOn ? { ...watch, lastMs: nowMs } : { etag, sinceMs: nowMs, lastMs: nowMs };
}

/** True when the same etag was read for a whole lease time: its holder may be taken over. */
export const ranOut = (watch: LeaseWatch | null, leaseMs: number): boolean =>
  watch !== null && watch.lastMs - watch.sinceMs >= leaseMs;

/** How often to read while watching, and to renew while holding. */
export const readEvery = (leaseMs: number): number => leaseMs / 6;
export const renewEvery = (leaseMs: number): number => leaseMs / 3;

/** A holder renews after a third of the lease, counted from when its last successful swap was sent. */
export const renewalDue = (lastSwapMs: number, nowMs: number, leaseMs: number): boolean =>
  nowMs - lastSwapMs >= renewEvery(leaseMs);

/** A holder that could not swap for a whole lease keeps computing, but must publish nothing until a swap succeeds. */
export const mayPublish = (lastSwapMs: number | null, nowMs: number, leaseMs: number): boolean =>
  lastSwapMs !== null && nowMs - lastSwapMs < leaseMs;
