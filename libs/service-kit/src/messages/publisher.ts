import type { AnyEnvelope } from '@minvar/contracts';
import type { EventLog, Position } from '../event-log/port';
import type { ObjectStore } from '../object-store/port';
import { encodeFitting } from './large';

export interface Publisher {
  /**
   * Sends messages in order; resolves with their positions when all are durable. Sending again with the same ids is harmless. What is too
   * large for a message is put into the store first and goes by reference.
   */
  publish(...events: readonly AnyEnvelope[]): Promise<readonly Position[]>;
}

/** @example await createPublisher(log, store).publish({ type: 'analysis.completed', … }) */
export function createPublisher(log: Pick<EventLog, 'append'>, store?: Pick<ObjectStore, 'putBlob'>): Publisher {
  return {
    publish: async (...events) => log.append(await Promise.all(events.map((event) => encodeFitting(event, store)))),
  };
}
