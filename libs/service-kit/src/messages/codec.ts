import type { AnyEnvelope, MessageType } from '@minvar/contracts';
import { messageByType } from '@minvar/contracts';
import { z } from 'zod';
import type { LogRecord, NewRecord } from '../event-log/port';
import { DeadLetterError } from '../event-log/port';

/*
 * CloudEvents 1.0 in the binary mode of its Kafka binding: the body is the data as JSON, attributes are `ce_*` headers, the key is the
 * subject, i.e. the id of the entity. `projectid` and `term` are extension attributes; `traceparent` is W3C trace context.
 */

const traceparent = /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/;

const headers = z.object({
  ce_specversion: z.literal('1.0'),
  ce_id: z.string().min(1),
  ce_type: z.string().min(1),
  ce_source: z.string().min(1),
  ce_subject: z.string(),
  ce_time: z.iso.datetime(),
  ce_projectid: z.string().min(1),
  ce_term: z
    .string()
    .regex(/^\d{1,15}$/)
    .optional(),
});

/** The record of a message. Throws when the data do not fit the message's schema: that is the sender's bug. */
export function encodeEvent(event: AnyEnvelope): NewRecord {
  const message = messageByType.get(event.type);
  if (!message) throw new Error(`'${event.type}' is no message of contracts`);
  const parsed = message.schema.safeParse(event.data);
  if (!parsed.success)
    throw new Error(`${event.type} of ${event.subject} cannot be sent:\n${z.prettifyError(parsed.error)}`, {
      cause: parsed.error,
    });
  return {
    topic: message.topic,
    key: event.subject,
    headers: {
      'content-type': 'application/json',
      ce_specversion: '1.0',
      ce_id: event.id,
      ce_type: event.type,
      ce_source: event.source,
      ce_subject: event.subject,
      ce_time: event.time,
      ce_projectid: event.projectId,
      ...(event.term === null ? {} : { ce_term: String(event.term) }),
      ...(event.traceparent === null ? {} : { traceparent: event.traceparent }),
    },
    value: Buffer.from(JSON.stringify(parsed.data)),
  };
}

/**
 * The message in a record. Throws `DeadLetterError`: `decode` when headers or body cannot be read, `schema` when type, topic or data are not
 * as contracts say.
 */
export function decodeEvent(record: Pick<LogRecord, 'topic' | 'key' | 'headers' | 'value'>): AnyEnvelope {
  const attributes = headers.safeParse(record.headers);
  if (!attributes.success) throw new DeadLetterError('decode', `no CloudEvent: ${issues(attributes.error)}`);
  const ce = attributes.data;
  const message = messageByType.get(ce.ce_type);
  if (!message) throw new DeadLetterError('schema', `the type '${ce.ce_type}' is not known`);
  if (message.topic !== record.topic)
    throw new DeadLetterError('schema', `${ce.ce_type} belongs on ${message.topic}, not on ${record.topic}`);
  if (ce.ce_subject !== record.key)
    throw new DeadLetterError('schema', `the subject '${ce.ce_subject}' is not the key '${record.key}'`);
  const data = message.schema.safeParse(parseJson(record.value));
  if (!data.success) throw new DeadLetterError('schema', `${ce.ce_type}: ${issues(data.error)}`);
  const trace = record.headers['traceparent'];
  return {
    id: ce.ce_id,
    type: ce.ce_type as MessageType,
    source: ce.ce_source,
    subject: ce.ce_subject,
    time: ce.ce_time,
    projectId: ce.ce_projectid,
    term: ce.ce_term === undefined ? null : Number(ce.ce_term),
    traceparent: trace !== undefined && traceparent.test(trace) ? trace : null,
    data: data.data,
  } as AnyEnvelope;
}

function parseJson(value: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(value));
  } catch (cause) {
    throw new DeadLetterError('decode', `the body is no JSON: ${(cause as Error).message.slice(0, 200)}`, { cause });
  }
}

const issues = (error: z.ZodError): string =>
  error.issues
    .slice(0, 5)
    .map((i) => `${i.path.join('.') || 'message'}: ${i.message}`)
    .join('; ');
