import type { Value } from '../node';
import type { Variable } from '../ops/var-handle';
import type { Update } from '../program';

/** A parameter with its derivative and its own weight decay λ. */
export interface Trained {
  readonly variable: Variable;
  readonly gradient: Value;
  readonly weightDecay: number;
}

/** A step of an optimizer as part of a graph. */
export interface OptimizerStep {
  /** Scalars that the host computes for each step and feeds; names and values come from the optimizer's `…Feeds` function. */
  readonly inputs: Readonly<Record<string, Value>>;
  /** What the optimizer remembers; starts at zero, saved and restored with the parameters. */
  readonly state: readonly Variable[];
  readonly updates: readonly Update[];
}
