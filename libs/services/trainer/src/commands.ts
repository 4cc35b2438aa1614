import type { AnyEnvelope } from '@minvar/contracts';
import { messageByType } from '@minvar/contracts';
import type { Consumer, EventLog, Handlers, LogRecord } from '@minvar/service-kit';
import { subscribe } from '@minvar/service-kit';
import { message } from './announce';
import type { Context } from './context';
import { acceptExperiment, deleteExperiment } from './requests';
import { cancelRun, createRun, deleteRun, retryRun } from './runs';

/** The trainer's commands, one handler each; each is done when its handler resolves, and handling it again changes nothing. */
export function commandConsumer(at: Context, log: EventLog, handled: () => void): Consumer {
  const handler =
    <E extends AnyEnvelope>(handle: (at: Context, command: E) => Promise<void>) =>
    async (command: E): Promise<void> => {
      await handle(at, command);
      handled();
    };
  const on: Handlers = {
    'experiment.run': handler(acceptExperiment),
    'experiment.delete': handler(deleteExperiment),
    'run.create': handler(createRun),
    'run.cancel': handler(cancelRun),
    'run.retry': handler(retryRun),
    'run.delete': handler(deleteRun),
  };
  return subscribe(log, {
    group: 'trainer',
    consumer: 'trainer',
    on,
    onError: (error, { topic, offset }) =>
      at.logger.warn({ topic, offset, error: String(error) }, 'a command failed; trying again'),
    onDeadLetter: async (record, reason, because) => {
      const answer = refusal(at, record, `${reason}: ${because}`);
      if (answer) await at.send([answer]);
    },
  });
}

/** What to say about a command that cannot be handled, as far as it can be read. */
function refusal(at: Context, record: LogRecord, because: string): AnyEnvelope | null {
  const { ce_type: command = '', ce_id: id = '', ce_projectid: projectId = at.projectId } = record.headers;
  if (id === '' || !messageByType.has(command)) return null;
  const said = readable(record.value);
  const text = (name: string): string => (typeof said?.[name] === 'string' ? said[name] : '');
  if (command.startsWith('run.')) {
    const idempotencyKey = text('idempotencyKey') || null;
    return message('run.rejected', `${id}:rejected`, record.key, projectId, at.now().at, {
      runId: record.key,
      command,
      because,
      idempotencyKey,
    });
  }
  const [requestId, name, preset] = [text('requestId'), text('name'), text('preset')];
  if (command !== 'experiment.run' || requestId === '') return null;
  return message('experiment.failed', `${requestId}:failed`, record.key, projectId, at.now().at, {
    requestId,
    experimentId: record.key,
    name,
    preset,
    error: because,
  });
}

function readable(value: Uint8Array): Record<string, unknown> | null {
  try {
    const said: unknown = JSON.parse(Buffer.from(value).toString('utf8'));
    return typeof said === 'object' && said !== null ? (said as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}
