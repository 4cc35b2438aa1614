import type { z } from 'zod';
import type { Whole } from '../reference';
import * as analysis from './analysis';
import * as dataset from './dataset';
import type { Envelope, MessageDefinition } from './define';
import { topicOf } from './define';
import * as experiment from './experiment';
import * as run from './run';
import * as workspace from './workspace';

const { experimentRequest: _request, ...experimentMessages } = experiment;

/** Every message by the name of its constant. */
export const messages = { ...dataset, ...experimentMessages, ...run, ...analysis, ...workspace } as const;

export type Message = (typeof messages)[keyof typeof messages];
export type MessageType = Message['type'];
export type MessageOf<T extends MessageType> = Extract<Message, { type: T }>;
export type MessageData<T extends MessageType> = z.infer<MessageOf<T>['schema']>;
/** A union over all message types, discriminated by `type`. */
export type AnyEnvelope = { [T in MessageType]: Envelope<T, MessageData<T>> }[MessageType];
/** As `AnyEnvelope`, with nothing left by reference. */
export type WholeEnvelope = { [T in MessageType]: Envelope<T, Whole<MessageData<T>>> }[MessageType];
export type WholeEnvelopeOf<T extends MessageType> = Envelope<T, Whole<MessageData<T>>>;
export type EnvelopeOf<T extends MessageType> = Envelope<T, MessageData<T>>;

export const messageByType: ReadonlyMap<string, MessageDefinition> = new Map(
  Object.values(messages).map((m) => [m.type, m]),
);

/** Every topic, with how long its records are kept (`null` = for ever: the read model is a fold of them). */
export const topics: ReadonlyMap<string, { retentionMs: number | null; partitions: number }> = new Map(
  Object.values(messages).map((m) => [
    m.topic,
    {
      retentionMs: m.channel === 'metrics' || m.channel === 'logs' ? 7 * 24 * 3600 * 1000 : null,
      partitions: m.aggregate === 'workspace' ? 1 : 6,
    },
  ]),
);

export const deadLetterTopic = (consumer: string): string => `minvar.${consumer}.dead`;

/** Everybody who may have dead letters. */
export const deadLetterConsumers = ['analyzer', 'data-ingest', 'gateway', 'trainer', 'trainer-facts'] as const;

export { topicOf };
export { aggregates, defineMessage } from './define';
export type { Aggregate, Channel, Envelope, MessageDefinition } from './define';
export { experimentRequest } from './experiment';
export type { ExperimentRequest } from './experiment';
