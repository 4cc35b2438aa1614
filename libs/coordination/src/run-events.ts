import type { EnvelopeOf, MessageData, RunHead, RunResult } from '@minvar/contracts';
import type { Stamp } from './change';

export type RunEventType =
  | 'run.queued'
  | 'run.claimed'
  | 'run.started'
  | 'run.checkpointed'
  | 'run.cancelRequested'
  | 'run.succeeded'
  | 'run.failed'
  | 'run.cancelled'
  | 'run.rejected'
  | 'run.deleted';
export type RunEvent = { [T in RunEventType]: EnvelopeOf<T> }[RunEventType];

/** An event about a run in the term its head is in. `id` must follow from what happened, so that saying it twice is saying it once. */
export function runEvent<T extends RunEventType>(
  type: T,
  id: string,
  source: string,
  head: Pick<RunHead, 'runId' | 'projectId' | 'term'>,
  stamp: Pick<Stamp, 'at'>,
  data: MessageData<T>,
): EnvelopeOf<T> {
  return {
    id,
    type,
    source,
    subject: head.runId,
    time: stamp.at,
    projectId: head.projectId,
    term: head.term,
    traceparent: null,
    data,
  } as EnvelopeOf<T>;
}

export const terminalEventId = (head: Pick<RunHead, 'runId' | 'attempt'>): string =>
  `${head.runId}:terminal:${head.attempt}`;
export const queuedEventId = (head: Pick<RunHead, 'runId' | 'attempt' | 'term'>): string =>
  `${head.runId}:queued:${head.attempt}:${head.term}`;

/**
 * The terminal event of a head's attempt: the same whoever says it and however often. A succeeded run's needs its result,
 * which the outcome names; throws without it.
 */
export function terminalEvent(head: RunHead, result: RunResult | null, source: string): RunEvent {
  const outcome = head.outcome;
  if (outcome === null) throw new Error(`run ${head.runId} is ${head.state}: it has no terminal event`);
  const finishedAt = head.finishedAt ?? head.queuedAt;
  const data = { runId: head.runId, attempt: head.attempt, finishedAt, seconds: outcome.seconds };
  const stamp = { at: finishedAt };
  if (outcome.state === 'CANCELLED') return runEvent('run.cancelled', terminalEventId(head), source, head, stamp, data);
  if (outcome.state === 'FAILED')
    return runEvent('run.failed', terminalEventId(head), source, head, stamp, { ...data, failure: outcome.failure! });
  if (result === null || outcome.resultKey === null)
    throw new Error(`run ${head.runId} succeeded, but its result ${outcome.resultKey ?? ''} was not given`);
  const { fingerprints, numericsChanged } = result;
  return runEvent('run.succeeded', terminalEventId(head), source, head, stamp, {
    ...data,
    resultKey: outcome.resultKey,
    fingerprints,
    numericsChanged,
  });
}
