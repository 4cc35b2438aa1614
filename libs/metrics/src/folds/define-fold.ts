import type { MetricContext, PreparedBatch } from '../batch';

/** A statistic that is summed up batch by batch and merged in any order, to the same result but for rounding. */
export interface Fold<State> {
  readonly create: (context: MetricContext) => State;
  /** works in place; leaves the state as it is when the batch lacks what it needs */
  readonly add: (state: State, batch: PreparedBatch) => void;
  /** adds all of `b` to `a`, in place */
  readonly merge: (a: State, b: State) => void;
  /** whether anything was added */
  readonly seen: (state: State) => boolean;
}

export const defineFold = <State>(fold: Fold<State>): Fold<State> => Object.freeze(fold);
