import type { z } from 'zod';

export type ParameterValue = number | string | boolean | null;
export type Parameters = Readonly<Record<string, ParameterValue>>;

/** What coordination needs to know of a method or a dataset: its parameters and their defaults. */
export interface ParameterisedEntry {
  readonly name: string;
  /** every field has a default */
  readonly parameters: z.ZodObject;
}

/** What coordination needs to know of a model: the settings a spec may leave out; null where the model has no such setting. */
export interface ModelEntry {
  readonly name: string;
  readonly defaults: {
    readonly width: number | null;
    readonly stem: 'cifar' | 'imagenet' | null;
    readonly normalisation: 'batch' | 'group' | 'layer' | 'none' | null;
  };
}

export interface Registries {
  readonly methods: Readonly<Record<string, ParameterisedEntry>>;
  readonly models: Readonly<Record<string, ModelEntry>>;
  readonly datasets: Readonly<Record<string, ParameterisedEntry>>;
}
