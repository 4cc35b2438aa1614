import type { Value } from '@minvar/graph';
import type { z } from 'zod';
import type { Scope } from './scope';

export interface ModelInput<P> {
  readonly scope: Scope;
  /** n × input shape, normalised */
  readonly inputs: Value;
  readonly classes: number;
  readonly parameters: P;
}

export interface ModelOutput {
  /** n × K */
  readonly logits: Value;
  /** n × D, what the last linear layer sees */
  readonly penultimate: Value;
  /** activations after each stage, first to last, for the variance by stage; n × D or n × H × W × C */
  readonly stages: readonly { readonly name: string; readonly value: Value }[];
}

export interface ModelDefaults {
  readonly width: number | null;
  readonly stem: 'cifar' | 'imagenet' | null;
  readonly normalisation: 'batch' | 'group' | 'layer' | 'none' | null;
}

/** A model: its settings, and how its layers follow each other, read from the input down. */
export interface ModelDefinition<Name extends string = string, S extends z.ZodObject = z.ZodObject> {
  readonly name: Name;
  readonly title: string;
  readonly description: string;
  readonly source: string;
  /** inputs it takes: images are H × W × C, vectors d; `any` flattens */
  readonly kind: 'image' | 'any';
  /** strict; settings of a run's `model` (width, stem, normalisation), every one with a default */
  readonly parameters: S;
  /** the defaults, null where the model has no such setting */
  readonly defaults: ModelDefaults;
  readonly build: (input: ModelInput<z.output<S>>) => ModelOutput;
  /** numbers of trainable values that are known from elsewhere: published, or counted by hand */
  readonly counts: readonly {
    readonly input: readonly number[];
    readonly classes: number;
    readonly parameters: z.input<S>;
    readonly count: number;
  }[];
}

/**
 * Declares a model; `defaults` follow from its parameters.
 *
 * @example
 * export const linear = defineModel({ name: 'linear', kind: 'any', parameters: z.strictObject({}), build: ({ scope, inputs, classes }) => ... });
 */
export function defineModel<const Name extends string, S extends z.ZodObject>(
  definition: Omit<ModelDefinition<Name, S>, 'defaults'>,
): ModelDefinition<Name, S> {
  const { width = null, stem = null, normalisation = null } = definition.parameters.parse({}) as Partial<ModelDefaults>;
  return Object.freeze({ ...definition, defaults: { width, stem, normalisation } });
}
