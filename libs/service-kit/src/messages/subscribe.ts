import type { AnyEnvelope, EnvelopeOf, MessageType } from '@minvar/contracts';
import { messageByType } from '@minvar/contracts';
import type { Consumer, ConsumerOptions, EventLog, LogRecord } from '../event-log/port';
import { decodeEvent } from './codec';

type Settings = Omit<ConsumerOptions, 'topics' | 'onBatch' | 'maxBatch'>;

export type Handlers = { readonly [T in MessageType]?: (event: EnvelopeOf<T>, at: Received) => Promise<void> };

export interface Received {
  readonly record: LogRecord;
  readonly signal: AbortSignal;
}

/**
 * A consumer that calls one handler for each message, by type, in the order of each entity. It reads the topics of the types that have a
 * handler and passes over the other types there. The offset moves after each message.
 * @example subscribe(log, { group: 'trainer', consumer: 'trainer', on: { 'experiment.run': async (event) => … } })
 */
export function subscribe(log: Pick<EventLog, 'consumer'>, options: Settings & { readonly on: Handlers }): Consumer {
  const { on, ...settings } = options;
  return log.consumer({
    ...settings,
    topics: topicsOf(Object.keys(on) as MessageType[]),
    maxBatch: 1,
    async onBatch({ records, signal }) {
      for (const record of records) {
        const event = decodeEvent(record);
        const handle = on[event.type] as ((event: AnyEnvelope, at: Received) => Promise<void>) | undefined;
        await handle?.(event, { record, signal });
      }
    },
  });
}

/** A consumer that is given decoded messages of one partition in batches: for a projection that writes a batch in one transaction. */
export function subscribeBatches(
  log: Pick<EventLog, 'consumer'>,
  options: Omit<ConsumerOptions, 'onBatch'> & {
    onEvents(
      events: readonly { readonly event: AnyEnvelope; readonly record: LogRecord }[],
      signal: AbortSignal,
    ): Promise<void>;
  },
): Consumer {
  const { onEvents, ...settings } = options;
  return log.consumer({
    ...settings,
    onBatch: ({ records, signal }) =>
      onEvents(
        records.map((record) => ({ event: decodeEvent(record), record })),
        signal,
      ),
  });
}

/** The topics of message types, each once. */
export const topicsOf = (types: readonly MessageType[]): string[] => [
  ...new Set(types.map((type) => messageByType.get(type)!.topic)),
];
