import type { AnyEnvelope, MessageData, MessageType, RunHead, RunRecord } from '@minvar/contracts';
import { messageByType, objectKeys, runRecord } from '@minvar/contracts';
import { queuedEventId, runEvent, terminalEvent } from '@minvar/coordination';
import type { RunEvent } from '@minvar/coordination';
import type { ObjectStore } from '@minvar/service-kit';
import { readResult } from './heads';

const source = 'trainer';

/** A message of the trainer's that is not about a run's term. `id` follows from what it says. */
export function message<T extends MessageType>(
  type: T,
  id: string,
  subject: string,
  projectId: string,
  at: string,
  data: MessageData<T>,
): AnyEnvelope {
  if (!messageByType.has(type)) throw new Error(`there is no message '${type}'`);
  return { id, type, source, subject, time: at, projectId, term: null, traceparent: null, data } as AnyEnvelope;
}

/** `run.queued` of a head that waits; saying it again for the same attempt and term says nothing new. */
export function queuedEvent(head: RunHead, record: RunRecord, at: string): RunEvent {
  const { runId, attempt, priority } = head;
  const { spec, specHash, datasetVersionId } = record;
  return runEvent(
    'run.queued',
    queuedEventId(head),
    source,
    head,
    { at },
    { runId, spec, specHash, datasetVersionId, attempt, priority },
  );
}

export const rejectedEvent = (
  command: AnyEnvelope,
  runId: string,
  because: string,
  idempotencyKey: string | null,
  at: string,
): AnyEnvelope =>
  message('run.rejected', `${command.id}:rejected`, runId, command.projectId, at, {
    runId,
    command: command.type,
    because,
    idempotencyKey,
  });

/** The terminal event of a head that has ended. */
export async function terminalEventOf(store: ObjectStore, head: RunHead): Promise<RunEvent> {
  const result = head.outcome?.state === 'SUCCEEDED' ? await readResult(store, head) : null;
  return terminalEvent(head, result, source);
}

export async function readRecord(store: ObjectStore, runId: string): Promise<RunRecord> {
  const { body } = await store.get(objectKeys.runSpec(runId));
  return runRecord.parse(JSON.parse(Buffer.from(body).toString('utf8')));
}
