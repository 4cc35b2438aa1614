import type { z } from 'zod';

export type ParameterValue = number | string | boolean | null;
export type Parameters = Readonly<Record<string, ParameterValue>>;

/** What coordination needs to know of a method, model or dataset: its parameters and their defaults. */
export interface ParameterisedEntry {
  readonly name: string;
  /** every field has a default */
  readonly parameters: z.ZodObject;
}

export interface Registries {
  readonly methods: Readonly<Record<string, ParameterisedEntry>>;
  readonly models: Readonly<Record<string, ParameterisedEntry>>;
  readonly datasets: Readonly<Record<string, ParameterisedEntry>>;
}
