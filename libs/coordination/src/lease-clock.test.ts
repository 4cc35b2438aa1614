import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { LeaseWatch } from './lease-clock';
import { mayPublish, observe, ranOut } from './lease-clock';

const lease = 30_000;
const watched = (reads: readonly (readonly [string, number])[]): LeaseWatch | null =>
  reads.reduce<LeaseWatch | null>((w, [etag, ms]) => observe(w, etag, ms, lease), null);

describe('the lease clock of a contender', () => {
  it('runs out after reading one etag for a whole lease', () => {
    const reads = [0, 5, 10, 15, 20, 25, 29.999].map((s) => ['e', s * 1000] as const);
    expect(ranOut(watched(reads), lease)).toBe(false);
    expect(ranOut(watched([...reads, ['e', 30_000]]), lease)).toBe(true);
  });

  it('starts anew when the etag moves', () => {
    expect(
      ranOut(
        watched([
          ['e', 0],
          ['e', 15_000],
          ['f', 29_000],
          ['f', 31_000],
        ]),
        lease,
      ),
    ).toBe(false);
  });

  it('does not count a time in which the store could not be read, since the holder could not renew then either', () => {
    expect(
      ranOut(
        watched([
          ['e', 0],
          ['e', 5_000],
          ['e', 65_000],
        ]),
        lease,
      ),
    ).toBe(false);
  });

  it('never runs out on a holder that renews in time, whatever the reads', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 20_000 }), { maxLength: 200 }), (gaps) => {
        let at = 0;
        const reads = gaps.map((gap) => [`e${Math.floor((at += gap) / (lease / 3))}`, at] as const);
        for (let i = 1; i <= reads.length; i++) expect(ranOut(watched(reads.slice(0, i)), lease)).toBe(false);
      }),
      { numRuns: 50 },
    );
  });

  it('never runs out faster than its own clock, even when that clock jumps back', () => {
    expect(
      ranOut(
        watched([
          ['e', 100_000],
          ['e', 110_000],
          ['e', 5_000],
          ['e', 20_000],
        ]),
        lease,
      ),
    ).toBe(false);
  });
});

describe('the lease clock of a holder', () => {
  it('allows publishing for a lease after the last successful swap was sent, and not before the first', () => {
    expect(mayPublish(null, 0, lease)).toBe(false);
    expect(mayPublish(1000, 30_999, lease)).toBe(true);
    expect(mayPublish(1000, 31_000, lease)).toBe(false);
  });
});
