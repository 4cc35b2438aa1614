import type { CheckpointPointer, RunFailure, RunHead, RunOutcome } from '@minvar/contracts';
import { isTerminal } from '@minvar/contracts';
import type { Change, Stamp } from './change';
import { changed, refused } from './change';

/** Who writes: an owner in a term. Two terms of one owner are two different writers. */
export interface Writer {
  readonly owner: string;
  readonly term: number;
}

/** Automatic restarts without a new checkpoint after which a run is given up. */
export const restartLimit = 5;

/** The head of a run that nobody has claimed yet; created with `If-None-Match: *`. `asks`: who it is made for. */
export function queuedHead(
  run: Pick<RunHead, 'projectId' | 'runId' | 'specHash' | 'priority' | 'shareKey' | 'asks'>,
  stamp: Stamp,
): RunHead {
  return {
    v: 1,
    ...run,
    state: 'QUEUED',
    attempt: 1,
    term: 0,
    owner: null,
    checkpoint: null,
    previousCheckpoint: null,
    cancelRequested: false,
    outcome: null,
    queuedAt: stamp.at,
    startedAt: null,
    finishedAt: null,
    restarts: 0,
    counter: 0,
    nonce: stamp.nonce,
  };
}

export const isOwned = (head: RunHead): boolean => head.state === 'CLAIMED' || head.state === 'RUNNING';
export const owns = (head: RunHead, by: Writer): boolean =>
  isOwned(head) && head.owner === by.owner && head.term === by.term;

const next = (head: RunHead, stamp: Stamp, change: Partial<RunHead>): Change<RunHead> =>
  changed({ ...head, ...change, counter: head.counter + 1, nonce: stamp.nonce });

const notOwner = (head: RunHead, by: Writer): { ok: false; because: string } =>
  refused(
    `${by.owner} in term ${by.term} does not own run ${head.runId}: it is ${head.state}, term ${head.term}, owner ${head.owner ?? 'nobody'}`,
  );

const ended = (head: RunHead, outcome: RunOutcome, stamp: Stamp): Change<RunHead> =>
  next(head, stamp, { state: outcome.state, owner: null, outcome, finishedAt: stamp.at });

const cancelled: RunOutcome = { state: 'CANCELLED', failure: null, resultKey: null, seconds: null };

/** QUEUED → CLAIMED by a new owner; the term counts changes of ownership. */
export function claim(head: RunHead, owner: string, stamp: Stamp): Change<RunHead> {
  if (head.state !== 'QUEUED') return refused(`run ${head.runId} is ${head.state}, not QUEUED`);
  return next(head, stamp, { state: 'CLAIMED', owner, term: head.term + 1 });
}

/** Proof of life: nothing changes but the body, and with it the etag that contenders watch. */
export function renew(head: RunHead, by: Writer, stamp: Stamp): Change<RunHead> {
  return owns(head, by) ? next(head, stamp, {}) : notOwner(head, by);
}

/** CLAIMED → RUNNING at the first step of the term. */
export function start(head: RunHead, by: Writer, stamp: Stamp): Change<RunHead> {
  if (!owns(head, by)) return notOwner(head, by);
  return next(head, stamp, { state: 'RUNNING', startedAt: head.startedAt ?? stamp.at });
}

/** Points the head at a checkpoint whose manifest is in the store. Progress forgives earlier restarts. */
export function publishCheckpoint(
  head: RunHead,
  by: Writer,
  pointer: CheckpointPointer,
  stamp: Stamp,
): Change<RunHead> {
  if (!owns(head, by)) return notOwner(head, by);
  if (pointer.term !== by.term)
    return refused(`checkpoint ${pointer.prefix} is of term ${pointer.term}, its writer is in term ${by.term}`);
  const before = head.checkpoint;
  if (before && pointer.step < before.step)
    return refused(
      `checkpoint ${pointer.prefix} at step ${pointer.step} is older than the head's at step ${before.step}`,
    );
  const progress = pointer.step > (before?.step ?? 0);
  const previousCheckpoint = before && before.prefix !== pointer.prefix ? before : head.previousCheckpoint;
  return next(head, stamp, { checkpoint: pointer, previousCheckpoint, restarts: progress ? 0 : head.restarts });
}

/** Forgets checkpoints that turned out torn: go on from the one before, or from the beginning. */
export function rewind(head: RunHead, by: Writer, to: CheckpointPointer | null, stamp: Stamp): Change<RunHead> {
  return owns(head, by) ? next(head, stamp, { checkpoint: to, previousCheckpoint: null }) : notOwner(head, by);
}

/** Ends a queued run at once; asks the owner of a running one through the flag, which it sees when it renews. */
export function requestCancel(head: RunHead, stamp: Stamp): Change<RunHead> {
  if (isTerminal(head.state)) return refused(`run ${head.runId} is ${head.state} already`);
  if (head.state === 'QUEUED') return ended({ ...head, cancelRequested: true }, cancelled, stamp);
  if (head.cancelRequested) return refused(`run ${head.runId} is being cancelled already`);
  return next(head, stamp, { cancelRequested: true });
}

/** The owner's last word. A result that was complete before anybody saw a cancel flag stands. */
export function finish(head: RunHead, by: Writer, outcome: RunOutcome, stamp: Stamp): Change<RunHead> {
  if (!owns(head, by)) return notOwner(head, by);
  if ((outcome.state === 'SUCCEEDED') !== (outcome.resultKey !== null))
    return refused(`an outcome ${outcome.state} ${outcome.resultKey === null ? 'needs' : 'has no'} result`);
  if ((outcome.state === 'FAILED') !== (outcome.failure !== null))
    return refused(`an outcome ${outcome.state} ${outcome.failure === null ? 'needs' : 'has no'} failure`);
  return ended(head, outcome, stamp);
}

/** A holder that was told to stop puts the run back: same attempt, its age in the queue kept. */
export function release(head: RunHead, by: Writer, stamp: Stamp): Change<RunHead> {
  if (!owns(head, by)) return notOwner(head, by);
  return head.cancelRequested ? ended(head, cancelled, stamp) : next(head, stamp, { state: 'QUEUED', owner: null });
}

function restart(head: RunHead, failure: RunFailure, stamp: Stamp, limit: number): Change<RunHead> {
  if (head.cancelRequested) return ended(head, cancelled, stamp);
  if (head.restarts >= limit) {
    const message = `${failure.message} (given up after ${head.restarts} automatic restarts without progress)`;
    return ended(
      head,
      { state: 'FAILED', failure: { kind: failure.kind, message }, resultKey: null, seconds: null },
      stamp,
    );
  }
  return next(head, stamp, { state: 'QUEUED', owner: null, restarts: head.restarts + 1 });
}

/** The owner lives but its work died in a way worth trying again: back to the queue, or FAILED when that has not helped before. */
export function crash(
  head: RunHead,
  by: Writer,
  failure: RunFailure,
  stamp: Stamp,
  limit = restartLimit,
): Change<RunHead> {
  return owns(head, by) ? restart(head, failure, stamp, limit) : notOwner(head, by);
}

/** The owner's lease ran out on the caller's lease clock: whatever it still writes loses against this swap. */
export function requeueExpired(head: RunHead, stamp: Stamp, limit = restartLimit): Change<RunHead> {
  if (!isOwned(head)) return refused(`run ${head.runId} is ${head.state}: nobody's lease can run out`);
  return restart(
    head,
    { kind: 'INFRASTRUCTURE', message: `its runner ${head.owner ?? ''} stopped renewing` },
    stamp,
    limit,
  );
}

/** An executor could not even bring a runner up for a queued run. */
export function failedToStart(head: RunHead, failure: RunFailure, stamp: Stamp, limit = restartLimit): Change<RunHead> {
  if (head.state !== 'QUEUED') return refused(`run ${head.runId} is ${head.state}, not QUEUED`);
  return restart(head, failure, stamp, limit);
}

/** A contender that watched a whole lease time claims in one swap; terminal instead when the run was being cancelled or keeps crashing. */
export function takeOver(head: RunHead, owner: string, stamp: Stamp, limit = restartLimit): Change<RunHead> {
  const requeued = requeueExpired(head, stamp, limit);
  if (!requeued.ok || requeued.value.state !== 'QUEUED') return requeued;
  return changed({ ...requeued.value, state: 'CLAIMED', owner, term: head.term + 1 });
}

/** FAILED or CANCELLED → QUEUED as the next attempt, from the last checkpoint. Who asked for an attempt once, by the id `ask`, gets no other. */
export function retry(head: RunHead, stamp: Stamp, ask?: string): Change<RunHead> {
  if (ask !== undefined && head.asks?.includes(ask))
    return refused(`${ask} has had its attempt of run ${head.runId}, which is ${head.state}`);
  if (head.state !== 'FAILED' && head.state !== 'CANCELLED')
    return refused(`run ${head.runId} is ${head.state}; only a failed or cancelled run can be tried again`);
  return next(head, stamp, {
    state: 'QUEUED',
    attempt: head.attempt + 1,
    ...(ask === undefined ? {} : { asks: [...(head.asks ?? []), ask] }),
    outcome: null,
    cancelRequested: false,
    restarts: 0,
    queuedAt: stamp.at,
    startedAt: null,
    finishedAt: null,
  });
}
