import type { RunHead, RunOutcome } from '@minvar/contracts';
import { isTerminal, runHead, runIdOf } from '@minvar/contracts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Change } from './change';
import * as transitions from './run-head';

const runId = runIdOf('local', 'a'.repeat(64), null);
const stamp = (n: number): { at: string; nonce: string } => ({
  at: new Date(1e12 + n * 1000).toISOString(),
  nonce: `n${n}`,
});
const fresh = (): RunHead =>
  transitions.queuedHead({ projectId: 'local', runId, specHash: 'a'.repeat(64), priority: 0, shareKey: 'x' }, stamp(0));
const value = (c: Change<RunHead>): RunHead => {
  if (!c.ok) throw new Error(c.because);
  return c.value;
};
const outcomes: RunOutcome[] = [
  { state: 'SUCCEEDED', failure: null, resultKey: 'k', seconds: 1 },
  { state: 'FAILED', failure: { kind: 'NON_FINITE', message: 'loss is NaN' }, resultKey: null, seconds: 1 },
  { state: 'CANCELLED', failure: null, resultKey: null, seconds: 1 },
];
const failure = { kind: 'INFRASTRUCTURE', message: 'killed' } as const;

/** Anything that anybody may try: actors speak for a term of their own, which may be long over. */
const act = fc.record({
  kind: fc.constantFrom(
    'claim',
    'renew',
    'start',
    'publish',
    'rewind',
    'cancel',
    'finish',
    'release',
    'crash',
    'expire',
    'takeOver',
    'retry',
    'failedToStart',
  ),
  owner: fc.constantFrom('a', 'b', 'c'),
  term: fc.integer({ min: 0, max: 6 }),
  step: fc.integer({ min: 0, max: 50 }),
  pointerTerm: fc.integer({ min: 0, max: 6 }),
  outcome: fc.constantFrom(...outcomes),
});
type Act = typeof act extends fc.Arbitrary<infer T> ? T : never;

function attempt(head: RunHead, a: Act, n: number): Change<RunHead> {
  const s = stamp(n);
  const pointer = {
    prefix: `p/${a.pointerTerm}-${a.step}/`,
    term: a.pointerTerm,
    step: a.step,
    epoch: 1,
    manifestSha256: 'b',
  };
  switch (a.kind) {
    case 'claim':
      return transitions.claim(head, a.owner, s);
    case 'renew':
      return transitions.renew(head, a, s);
    case 'start':
      return transitions.start(head, a, s);
    case 'publish':
      return transitions.publishCheckpoint(head, a, pointer, s);
    case 'rewind':
      return transitions.rewind(head, a, head.previousCheckpoint, s);
    case 'cancel':
      return transitions.requestCancel(head, s);
    case 'finish':
      return transitions.finish(head, a, a.outcome, s);
    case 'release':
      return transitions.release(head, a, s);
    case 'crash':
      return transitions.crash(head, a, failure, s);
    case 'expire':
      return transitions.requeueExpired(head, s);
    case 'takeOver':
      return transitions.takeOver(head, a.owner, s);
    case 'retry':
      return transitions.retry(head, s);
    default:
      return transitions.failedToStart(head, failure, s);
  }
}

/** Every (before, act, after) of a random history, starting from a fresh head. */
function history(acts: readonly Act[]): { before: RunHead; act: Act; after: RunHead }[] {
  let head = fresh();
  const steps: { before: RunHead; act: Act; after: RunHead }[] = [];
  acts.forEach((a, i) => {
    const to = attempt(head, a, i + 1);
    if (!to.ok) return;
    steps.push({ before: head, act: a, after: to.value });
    head = to.value;
  });
  return steps;
}
const always = (check: (s: { before: RunHead; act: Act; after: RunHead }) => void): void =>
  fc.assert(
    fc.property(fc.array(act, { maxLength: 60 }), (acts) => history(acts).forEach(check)),
    { numRuns: 300 },
  );

const ownersOnly = ['renew', 'start', 'publish', 'rewind', 'finish', 'release', 'crash'];

describe('a run’s head, whatever anybody tries', () => {
  it('never loses a term or an attempt', () =>
    always(({ before, after }) => {
      expect(after.term).toBeGreaterThanOrEqual(before.term);
      expect(after.attempt).toBeGreaterThanOrEqual(before.attempt);
    }));

  it('changes its term by one exactly when it changes hands', () =>
    always(({ before, act: a, after }) => {
      const handed = (a.kind === 'claim' || a.kind === 'takeOver') && after.owner !== null;
      expect(after.term - before.term).toBe(handed ? 1 : 0);
    }));

  it('stays terminal except by a retry, which counts a new attempt', () =>
    always(({ before, act: a, after }) => {
      if (!isTerminal(before.state)) return;
      expect(a.kind).toBe('retry');
      expect(before.state).not.toBe('SUCCEEDED');
      expect([after.state, after.attempt, after.outcome, after.cancelRequested]).toEqual([
        'QUEUED',
        before.attempt + 1,
        null,
        false,
      ]);
    }));

  it('obeys only the owner of the current term where an owner speaks', () =>
    always(({ before, act: a }) => {
      if (ownersOnly.includes(a.kind)) expect([before.owner, before.term]).toEqual([a.owner, a.term]);
    }));

  it('points only at checkpoints of the term that wrote them, and back only by a rewind', () =>
    always(({ before, act: a, after }) => {
      if (after.checkpoint === before.checkpoint) return;
      expect(['publish', 'rewind']).toContain(a.kind);
      if (a.kind === 'publish') {
        expect(after.checkpoint!.term).toBe(before.term);
        expect(after.checkpoint!.step).toBeGreaterThanOrEqual(before.checkpoint?.step ?? 0);
      }
    }));

  it('has an owner exactly while claimed or running, an outcome exactly when terminal', () =>
    always(({ after }) => {
      expect(after.owner !== null).toBe(after.state === 'CLAIMED' || after.state === 'RUNNING');
      expect(after.outcome?.state ?? null).toBe(isTerminal(after.state) ? after.state : null);
      expect(after.finishedAt !== null).toBe(isTerminal(after.state));
    }));

  it('is never queued while its cancellation is asked for', () =>
    always(({ after }) => expect(after.state === 'QUEUED' && after.cancelRequested).toBe(false)));

  it('has a new body every time, and one that the contract takes', () =>
    always(({ before, after }) => {
      expect(after.nonce).not.toBe(before.nonce);
      expect(after.counter).toBe(before.counter + 1);
      expect(runHead.parse(after)).toEqual(after);
    }));

  it('is given up after five automatic restarts without a checkpoint, and not before', () =>
    always(({ before, after }) =>
      expect(before.state !== 'FAILED' && after.restarts > transitions.restartLimit).toBe(false),
    ));
});

describe('a crash loop', () => {
  const die = (head: RunHead): RunHead =>
    value(transitions.requeueExpired(value(transitions.claim(head, 'a', stamp(1))), stamp(2)));

  it('ends as FAILED INFRASTRUCTURE at the sixth death without progress', () => {
    let head = fresh();
    for (let i = 0; i < 5; i++) head = die(head);
    expect(head.state).toBe('QUEUED');
    const dead = die(head);
    expect(dead.state).toBe('FAILED');
    expect(dead.outcome?.failure).toEqual({
      kind: 'INFRASTRUCTURE',
      message: expect.stringContaining('5 automatic restarts'),
    });
  });

  it('is forgiven by a checkpoint further on', () => {
    let head = fresh();
    for (let i = 0; i < 5; i++) head = die(head);
    head = value(transitions.claim(head, 'a', stamp(3)));
    const pointer = { prefix: 'p', term: head.term, step: 10, epoch: 1, manifestSha256: 'b' };
    head = value(transitions.publishCheckpoint(head, { owner: 'a', term: head.term }, pointer, stamp(4)));
    expect(head.restarts).toBe(0);
  });
});

describe('cancelling', () => {
  it('ends a queued run at once and flags a claimed one', () => {
    expect(value(transitions.requestCancel(fresh(), stamp(1))).state).toBe('CANCELLED');
    const flagged = value(transitions.requestCancel(value(transitions.claim(fresh(), 'a', stamp(1))), stamp(2)));
    expect([flagged.state, flagged.cancelRequested]).toEqual(['CLAIMED', true]);
  });

  it('lets a result stand that was complete before the flag was seen', () => {
    const flagged = value(transitions.requestCancel(value(transitions.claim(fresh(), 'a', stamp(1))), stamp(2)));
    expect(value(transitions.finish(flagged, { owner: 'a', term: 1 }, outcomes[0]!, stamp(3))).state).toBe('SUCCEEDED');
  });

  it('of a run whose owner died ends it instead of queueing it again', () => {
    const flagged = value(transitions.requestCancel(value(transitions.claim(fresh(), 'a', stamp(1))), stamp(2)));
    expect(value(transitions.requeueExpired(flagged, stamp(3))).state).toBe('CANCELLED');
  });
});

describe('an attempt', () => {
  const again = (head: RunHead, ask?: string): Change<RunHead> =>
    transitions.retry(value(transitions.requestCancel(head, stamp(1))), stamp(2), ask);

  it('is made once for each who asks, however often they say so', () => {
    const first = { ...fresh(), asks: ['create'] };
    expect(again(first, 'create')).toMatchObject({ ok: false });
    const second = value(again(first, 'retry'));
    expect([second.attempt, second.asks]).toEqual([2, ['create', 'retry']]);
    for (const ask of ['create', 'retry']) expect(again(second, ask)).toMatchObject({ ok: false });
    expect(value(again(second, 'another')).attempt).toBe(3);
  });

  it('is made for whoever does not say who they are', () => {
    expect(value(again(fresh())).attempt).toBe(2);
  });
});
