import type { Value } from '@minvar/graph';
import type { RandomStream } from '@minvar/random';
import type { z } from 'zod';

/** A batch of n examples as the training step sees it, before the method has touched it. */
export interface Batch {
  /** n × input shape: normalised, and augmented where the run says so */
  readonly inputs: Value;
  /** n class indices, int32 */
  readonly labels: Value;
  readonly classes: number;
  /** λ of each example, [n]; fed from `draw`, 1 where the method draws nothing */
  readonly lambda: Value;
  /** for each example the row of the batch it is mixed with, [n] int32; fed from `draw`, its own row where the method draws nothing */
  readonly partner: Value;
  /** fed scalars by the names of `fed` */
  readonly fed: Readonly<Record<string, Value>>;
}

/** What the model made of the method's inputs. */
export interface Forward {
  /** n × K */
  readonly logits: Value;
  /** n × D: what the last linear layer sees */
  readonly penultimate: Value;
  /** n × K: what `targets` returned */
  readonly targets: Value;
  readonly batch: Batch;
}

/** Host-side draws of one step; null: the method draws nothing. */
export interface Draw {
  /** n values in [0, 1] */
  readonly lambda: Float32Array;
  /** a permutation of the batch */
  readonly partner: Int32Array;
}

/**
 * A training method: how it changes the inputs, how it forms the targets, what it adds to the loss, and the parameters at which it
 * must equal ERM, in one value.
 */
export interface MethodDefinition<Name extends string = string, S extends z.ZodObject = z.ZodObject> {
  readonly name: Name;
  readonly title: string;
  readonly description: string;
  /** the paper that defines it */
  readonly source: string;
  /** strict; every parameter has a default */
  readonly parameters: S;
  /** parameters that make it ERM; null where none do (it then carries a closed-form test of its own) */
  readonly neutral: z.output<S> | null;
  /** the targets that training aims at on unmixed inputs: what bounds and floors are measured against; α = 0 is the label itself */
  readonly smoothing: (parameters: z.output<S>) => { readonly alpha: number; readonly convention: 'all' | 'others' };
  /** numbers that are fed at each step, so that runs that differ in them share one graph */
  readonly fed: (parameters: z.output<S>) => Readonly<Record<string, number>>;
  /** `random` is the `mix` stream of the step; the same parameters and stream give the same draw */
  readonly draw: (parameters: z.output<S>, examples: number, random: RandomStream) => Draw | null;
  readonly inputs: (batch: Batch, parameters: z.output<S>) => Value;
  /** n × K, non-negative, each row sums to one */
  readonly targets: (batch: Batch, parameters: z.output<S>) => Value;
  /** a scalar: the mean over the batch, penalties included */
  readonly loss: (forward: Forward, parameters: z.output<S>) => Value;
}

/**
 * Declares a method.
 *
 * @example
 * export const erm = defineMethod({ name: 'erm', parameters: z.strictObject({}), neutral: {}, ... });
 */
export function defineMethod<const Name extends string, S extends z.ZodObject>(
  definition: MethodDefinition<Name, S>,
): MethodDefinition<Name, S> {
  return Object.freeze(definition);
}
