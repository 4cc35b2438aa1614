import { randomBytes } from 'node:crypto';
import type { Now } from '@minvar/coordination';

export interface Clock {
  readonly now: () => Now;
}

/** The process's own monotonic clock, the wall clock for people, and a nonce nobody else has. */
export const systemClock: Clock = {
  now: () => ({ ms: performance.now(), at: new Date().toISOString(), nonce: randomBytes(12).toString('hex') }),
};
