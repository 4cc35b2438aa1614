import type { LeaseHead } from '@minvar/contracts';
import { describe, expect, it } from 'vitest';
import type { Lease, LeaseEffect, LeaseInput } from './lease';
import { createLease, holds, isReleased, stepLease } from './lease';

const leaseMs = 3000;

/** Contenders over one stored lease, each asked in turn every 100 ms of its own clock. */
function contest(names: readonly string[]): {
  pass: (ms: number, silent?: readonly string[]) => void;
  holders: () => string[];
  release: (name: string) => void;
  lease: (name: string) => Lease;
  loseReplies: (lose: boolean) => void;
} {
  let stored: LeaseHead | null = null;
  let now = 0;
  let n = 0;
  let lose = false;
  const leases = new Map(names.map((name) => [name, createLease('dispatcher', name, leaseMs)]));
  const answer = (e: LeaseEffect): LeaseInput => {
    if (e.kind === 'read') return { kind: 'read', head: stored, etag: stored?.nonce ?? null };
    const fits = e.kind === 'create' ? stored === null : stored?.nonce === e.expected;
    if (fits) stored = e.body;
    if (lose) return { kind: 'swapUnknown' };
    return fits ? { kind: 'swapped', etag: e.body.nonce } : { kind: 'swapRefused' };
  };
  const feed = (name: string, input: LeaseInput): void => {
    const to = stepLease(leases.get(name)!, input, { ms: now + name.length * 1e6, at: '', nonce: `n${n++}` });
    leases.set(name, to.state);
    to.effects.forEach((e) => feed(name, answer(e)));
  };
  return {
    pass: (ms, silent = []) => {
      for (const end = now + ms; now < end; now += 100)
        for (const name of names) if (!silent.includes(name)) feed(name, { kind: 'tick' });
    },
    holders: () => names.filter((name) => holds(leases.get(name)!, now + name.length * 1e6)),
    release: (name) => feed(name, { kind: 'release' }),
    lease: (name) => leases.get(name)!,
    loseReplies: (l) => (lose = l),
  };
}

describe('a lease among contenders', () => {
  it('is held by one, for as long as it renews', () => {
    const c = contest(['a', 'bb']);
    c.pass(20_000);
    expect(c.holders()).toEqual(['a']);
    expect(c.lease('a').head!.term).toBe(1);
  });

  it('passes on after a whole lease of silence, never to two at once', () => {
    const c = contest(['a', 'bb']);
    c.pass(1000);
    for (let ms = 0; ms < 6000; ms += 100) {
      c.pass(100, ['a']);
      expect(c.holders().length).toBeLessThanOrEqual(1);
    }
    expect(c.holders()).toEqual(['bb']);
    expect(c.lease('bb').head!.term).toBe(2);
    c.pass(1000);
    expect(c.holders()).toEqual(['bb']);
  });

  it('passes on at once when it is given back', () => {
    const c = contest(['a', 'bb']);
    c.pass(1000);
    c.release('a');
    expect(isReleased(c.lease('a'))).toBe(true);
    c.pass(1000);
    expect(c.holders()).toEqual(['bb']);
  });

  it('is recognised as one’s own by its nonce when the reply is lost', () => {
    const c = contest(['a', 'bb']);
    c.loseReplies(true);
    c.pass(10_000);
    expect(c.holders()).toEqual(['a']);
  });
});
