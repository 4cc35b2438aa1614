import type { AnyEnvelope, EnvelopeOf, RunHead, RunRecord } from '@minvar/contracts';
import { isTerminal, objectKeys } from '@minvar/contracts';
import { groupKeyOf, queuedHead, refused, requestCancel, retry, runEvent } from '@minvar/coordination';
import { queuedEvent, readRecord, rejectedEvent, terminalEventOf } from './announce';
import type { Context } from './context';
import { changeHead, createHead, readHead } from './heads';

export interface WantedRun {
  readonly record: RunRecord;
  readonly priority: number;
  readonly shareKey: string;
  /** id of the command or request that wants it */
  readonly ask: string;
}

/**
 * Makes sure that a run exists and is not one that failed: creates it, leaves it alone when it waits, works or succeeded,
 * and queues a new attempt when it failed or was cancelled, once for each `ask`. Repeating is harmless. Answers the events to send.
 */
export async function ensureRun(
  at: Context,
  { record, priority, shareKey, ask }: WantedRun,
): Promise<{ head: RunHead; events: AnyEnvelope[] }> {
  const { runId, specHash, projectId } = record;
  const before = at.facts.runs.get(runId);
  const fresh = queuedHead({ projectId, runId, specHash, priority, shareKey, asks: [ask] }, at.now());
  // A deleted run that is asked for again goes on counting: its events must not look like repeats of the old ones.
  const again = before?.phase === 'deleted' ? { attempt: before.attempt + 1, term: before.term } : {};
  const there = await readHead(at.store, runId);
  if (!there) await at.store.put(objectKeys.runSpec(runId), Buffer.from(JSON.stringify(record)));
  const head = there?.head ?? (await createHead(at.store, { ...fresh, ...again })).head;
  at.condemned.delete(runId);
  if (head.state === 'FAILED' || head.state === 'CANCELLED') return queueAgain(at, head, record, ask);
  return { head, events: head.state === 'QUEUED' ? [queuedEvent(head, record, at.now().at)] : [] };
}

/** The next attempt of a run that failed or was cancelled. The end of this one is said first, before the head forgets it. */
async function queueAgain(
  at: Context,
  ended: RunHead,
  record: RunRecord,
  ask?: string,
): Promise<{ head: RunHead; events: AnyEnvelope[] }> {
  await at.send([await terminalEventOf(at.store, ended)]);
  const { change, before } = await changeHead(at.store, ended.runId, at.now, (head, now) =>
    head.attempt > ended.attempt ? refused(`run ${head.runId} has its next attempt`) : retry(head, now, ask),
  );
  const head = change.ok ? change.value : before!;
  return { head, events: head.state === 'QUEUED' ? [queuedEvent(head, record, at.now().at)] : [] };
}

export async function createRun(at: Context, command: EnvelopeOf<'run.create'>): Promise<void> {
  const { runId, spec, specHash, datasetVersionId, priority } = command.data;
  const record: RunRecord = { v: 1, projectId: command.projectId, runId, spec, specHash, datasetVersionId };
  const { head, events } = await ensureRun(at, { record, priority, shareKey: runId, ask: command.id });
  await at.send(events);
  if (!isTerminal(head.state)) at.runs.put(head, { groupKey: groupKeyOf(record) });
}

export async function cancelRun(at: Context, command: EnvelopeOf<'run.cancel'>): Promise<void> {
  const { runId, idempotencyKey, attempt: wanted } = command.data;
  const { change, before } = await changeHead(at.store, runId, at.now, (head, now) =>
    wanted === undefined || wanted === head.attempt
      ? requestCancel(head, now)
      : refused(`run ${runId} is in attempt ${head.attempt}, not ${wanted}`),
  );
  const head = change.ok ? change.value : before;
  // Said again, or too late: the attempt it is about has ended, and what came of it is known.
  if (head !== null && wanted !== undefined && head.attempt > wanted) return;
  if (head === null)
    return at.send([rejectedEvent(command, runId, `there is no run ${runId}`, idempotencyKey, at.now().at)]);
  const known = at.facts.runs.get(runId);
  const told = known?.phase === 'terminal' && known.attempt === head.attempt;
  if (isTerminal(head.state)) {
    // Ended by this command, or by one whose handler died before it could say so.
    if (!told) return at.send([await terminalEventOf(at.store, head)]);
    if (head.state === 'CANCELLED' && wanted !== undefined) return;
    return at.send([
      rejectedEvent(command, runId, `run ${runId} is ${head.state} already`, idempotencyKey, at.now().at),
    ]);
  }
  const { attempt } = head;
  await at.send([
    runEvent('run.cancelRequested', `${runId}:cancelRequested:${attempt}`, 'trainer', head, at.now(), {
      runId,
      attempt,
    }),
  ]);
}

export async function retryRun(at: Context, command: EnvelopeOf<'run.retry'>): Promise<void> {
  const { runId, idempotencyKey, attempt: wanted } = command.data;
  const found = await readHead(at.store, runId);
  const reject = (because: string): Promise<void> =>
    at.send([rejectedEvent(command, runId, because, idempotencyKey, at.now().at)]);
  if (!found) return reject(`there is no run ${runId}`);
  const { head: now } = found;
  if (now.state === 'SUCCEEDED')
    return reject(`run ${runId} SUCCEEDED; only a failed or cancelled run can be tried again`);
  const record = await readRecord(at.store, runId);
  // Said again: the attempt it asks for was made.
  if (wanted !== undefined && now.attempt >= wanted)
    return now.state === 'QUEUED' ? at.send([queuedEvent(now, record, at.now().at)]) : undefined;
  if (!isTerminal(now.state)) {
    // A first attempt has nothing to retry; a later one may be this very command, handled before.
    if (now.attempt === 1)
      return reject(`run ${runId} is ${now.state}; only a failed or cancelled run can be tried again`);
    return now.state === 'QUEUED' ? at.send([queuedEvent(now, record, at.now().at)]) : undefined;
  }
  const { head, events } = await queueAgain(at, now, record);
  await at.send(events);
  if (!isTerminal(head.state)) at.runs.put(head, { groupKey: groupKeyOf(record), notBeforeMs: 0, endedSweeps: 0 });
}

export async function deleteRun(at: Context, command: EnvelopeOf<'run.delete'>): Promise<void> {
  const { runId, idempotencyKey } = command.data;
  const known = at.facts.runs.get(runId);
  if (known?.phase === 'deleted') return;
  const found = await readHead(at.store, runId);
  const reject = (because: string): Promise<void> =>
    at.send([rejectedEvent(command, runId, because, idempotencyKey, at.now().at)]);
  if (!found && !known) return reject(`there is no run ${runId}`);
  if (found && !isTerminal(found.head.state)) return reject(`run ${runId} is ${found.head.state}; cancel it first`);
  await removeRun(at, runId, command.projectId);
}

/** Takes a run's objects away, the head last, and says so. */
export async function removeRun(at: Context, runId: string, projectId: string): Promise<void> {
  const head = objectKeys.runHead(runId);
  for await (const { key } of at.store.list(objectKeys.runPrefix(runId))) if (key !== head) await at.store.remove(key);
  await at.store.remove(head);
  const known = at.facts.runs.get(runId);
  const version = { runId, projectId, term: known?.term ?? 0 };
  await at.send([
    runEvent('run.deleted', `${runId}:deleted:${known?.attempt ?? 1}`, 'trainer', version, at.now(), { runId }),
  ]);
  at.runs.drop(runId);
  at.condemned.delete(runId);
}
