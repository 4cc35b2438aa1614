import type { AnyEnvelope } from '@minvar/contracts';
import type { EventLog, Position } from '../event-log/port';
import { encodeEvent } from './codec';

export interface Publisher {
  /** Sends messages in order; resolves with their positions when all are durable. Sending again with the same ids is harmless. */
  publish(...events: readonly AnyEnvelope[]): Promise<readonly Position[]>;
}

/** @example await createPublisher(log).publish({ type: 'run.queued', … }) */
export function createPublisher(log: Pick<EventLog, 'append'>): Publisher {
  // async, so that an event that cannot be encoded rejects like one that cannot be appended
  return { publish: async (...events) => log.append(events.map(encodeEvent)) };
}
