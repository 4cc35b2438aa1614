import type { MetricContext, PreparedBatch } from '../batch';

/** A statistic that is summed up batch by batch and merged in any order, to the same result but for rounding. */
export interface Fold<State, First = unknown> {
  /** statistics of a first look at all batches that this one starts from; it then takes a second look at the same batches */
  readonly after?: readonly (keyof First & string)[];
  readonly create: (context: MetricContext, first: First) => State;
  /** works in place; leaves the state as it is when the batch lacks what it needs */
  readonly add: (state: State, batch: PreparedBatch) => void;
  /** adds all of `b` to `a`, in place */
  readonly merge: (a: State, b: State) => void;
  /** whether anything was added */
  readonly seen: (state: State) => boolean;
}

export const defineFold = <State, First = unknown>(fold: Fold<State, First>): Fold<State, First> => Object.freeze(fold);
