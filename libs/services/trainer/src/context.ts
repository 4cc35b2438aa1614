import type { AnyEnvelope } from '@minvar/contracts';
import type { ExperimentDefinition, Facts, Now, Registries } from '@minvar/coordination';
import type { ObjectStore } from '@minvar/service-kit';
import type { RunIndex } from './run-index';

export interface Logger {
  readonly info: (facts: object, text: string) => void;
  readonly warn: (facts: object, text: string) => void;
  readonly error: (facts: object, text: string) => void;
}

/** What the trainer's parts share. */
export interface Context {
  readonly projectId: string;
  readonly store: ObjectStore;
  readonly experiments: Readonly<Record<string, ExperimentDefinition>>;
  readonly registries: Registries;
  readonly facts: Facts;
  readonly runs: RunIndex;
  readonly logger: Logger;
  readonly now: () => Now;
  /** appends events or commands; resolves when they are durable */
  readonly send: (messages: readonly AnyEnvelope[]) => Promise<void>;
  /** runs whose objects go as soon as they end: nobody uses them any more */
  readonly condemned: Set<string>;
  /** runs that the log told of and whose heads this trainer has not read: another trainer made them, or put them back */
  readonly heard: Set<string>;
  /** runs that this trainer is making: they come to the queue together, not as the log tells of them */
  readonly making: Set<string>;
}

/** Does something for every item, at most `width` at a time. */
export async function forEach<T>(items: readonly T[], width: number, work: (item: T) => Promise<void>): Promise<void> {
  const queue = [...items];
  await Promise.all(
    Array.from({ length: Math.min(width, queue.length) }, async () => {
      for (let item = queue.shift(); item !== undefined; item = queue.shift()) await work(item);
    }),
  );
}
