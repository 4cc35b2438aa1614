import type { z } from 'zod';

export const aggregates = ['dataset', 'experiment', 'run', 'analysis', 'workspace'] as const;
export type Aggregate = (typeof aggregates)[number];

export type Channel = 'commands' | 'events' | 'metrics' | 'logs';

/** `minvar.<aggregate>.<channel>.v1` */
export const topicOf = (aggregate: Aggregate, channel: Channel): string => `minvar.${aggregate}.${channel}.v1`;

export interface MessageDefinition<T extends string = string, S extends z.ZodType = z.ZodType> {
  /** CloudEvents type, e.g. `run.queued` */
  readonly type: T;
  readonly aggregate: Aggregate;
  readonly channel: Channel;
  readonly topic: string;
  /** who writes it: shown in the event picture */
  readonly writer: string;
  readonly readers: readonly string[];
  readonly description: string;
  readonly schema: S;
  /** parts of the data (`orReference`) that go by reference when the message would be too large with them */
  readonly large: readonly string[];
}

/** A command or event: name, topic, writer, readers and schema together. */
export function defineMessage<const T extends string, S extends z.ZodType>(d: {
  type: T;
  aggregate: Aggregate;
  channel: Channel;
  writer: string;
  readers: readonly string[];
  description: string;
  schema: S;
  large?: readonly (keyof z.infer<S> & string)[];
}): MessageDefinition<T, S> {
  return Object.freeze({ ...d, large: d.large ?? [], topic: topicOf(d.aggregate, d.channel) });
}

/** An event with its CloudEvents 1.0 attributes, as code sees it; on the wire attributes are `ce_*` headers. */
export interface Envelope<T extends string = string, D = unknown> {
  /** unique and derived, so that a repeat is recognised: `run:term:seq`, `run:terminal:attempt`, … */
  id: string;
  type: T;
  /** service that wrote it, e.g. `trainer` */
  source: string;
  /** id of the aggregate: also the record's key */
  subject: string;
  /** ISO 8601 */
  time: string;
  projectId: string;
  /** ownership term of a run's writer; consumers drop older terms */
  term: number | null;
  traceparent: string | null;
  data: D;
}
