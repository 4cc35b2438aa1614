import type { z } from 'zod';
import type { Source, SourceFile } from './source';

export type ParameterValue = number | string | boolean | null;
export type Parameters = Readonly<Record<string, ParameterValue>>;

/** One split, whole in memory: writers take the splits one after the other. */
export interface BuiltSplit {
  readonly name: string;
  /** n×H×W×C bytes of images, or n×d float32 of vectors */
  readonly inputs: Uint8Array | Float32Array;
  /** shape of `inputs`, the number of examples first */
  readonly shape: readonly number[];
  /** n class indices */
  readonly labels: Int32Array;
  /** n attribute indices, −1 = none; null when the dataset has no attribute */
  readonly attributes: Int32Array | null;
  /** share of examples whose attribute a rule on the attribute's own features recovers; null where there is nothing to decode */
  readonly decodability: number | null;
}

export interface BuiltDataset {
  readonly classes: readonly string[];
  readonly attribute: { readonly name: string; readonly values: readonly string[] } | null;
  readonly features: { readonly low: readonly number[]; readonly high: readonly number[] } | null;
  /** shape of one input */
  readonly inputShape: readonly number[];
  /** what a person must know beside the name, e.g. how many digits of how many; null when it is the whole official data */
  readonly note: string | null;
  /** the training split comes first; each is made when it is asked for */
  readonly splits: AsyncIterable<BuiltSplit>;
}

/** An image as rows of pixels: height × width × channels bytes. */
export interface DecodedImage {
  readonly pixels: Uint8Array;
  readonly height: number;
  readonly width: number;
}

/** What a service lends to definitions that are made from encoded images. */
export interface ImageDecoder {
  /** Decodes one image to `channels` (1 grey, 3 RGB). Throws saying why it can't: another format, damaged, more than `maxPixels`. */
  readonly decode: (
    encoded: Uint8Array,
    options: {
      readonly channels: 1 | 3;
      readonly maxPixels: number;
      /** side of the square that the middle of the image is scaled to; null: as it is */
      readonly size: number | null;
    },
  ) => Promise<DecodedImage>;
  /** how many are worth decoding at the same time */
  readonly atOnce: number;
}

export interface BuildInput<P> {
  readonly parameters: P;
  /** by the name of a source file: one whole set, `files` or one of the `alternatives` */
  readonly files: ReadonlyMap<string, Source>;
  readonly images?: ImageDecoder;
  /** how far a long reading has come; may be called for every example */
  readonly onProgress?: (phase: string, doneBytes: number, totalBytes: number) => void;
  /** called between blocks of work, so that a service that builds goes on answering; the default returns at once */
  readonly breathe?: () => Promise<void>;
}

/** A dataset: its name, where it comes from, its parameters and how it is made, in one file. */
export interface DatasetDefinition<S extends z.ZodObject = z.ZodObject> {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly citation: string;
  readonly licence: string;
  /** address of the publisher's page or of the defining paper */
  readonly source: string;
  readonly kind: 'image' | 'vector';
  /** a strict object in which every parameter has a default; values are numbers, strings, booleans and null */
  readonly parameters: S;
  /** the official files; all of them are needed */
  readonly files: readonly SourceFile[];
  /** other sets that it can be made from when they lie below `--data` and the official files do not, in this order */
  readonly alternatives?: readonly (readonly SourceFile[])[];
  /** the files that the parameters name, in place of `files`: of a dataset that somebody brings along */
  readonly ownFiles?: (parameters: z.output<S>) => readonly SourceFile[];
  /** A version is a function of parameters and source bytes: every choice comes from the `data` stream of a fixed seed. */
  readonly build: (input: BuildInput<z.output<S>>) => Promise<BuiltDataset>;
}

/**
 * Declares a dataset.
 *
 * @example
 * export const mnist = defineDataset({ name: 'mnist', kind: 'image', parameters: z.strictObject({}), files: mnistFiles, build: async ({ files }) => ... });
 */
export function defineDataset<S extends z.ZodObject>(definition: DatasetDefinition<S>): DatasetDefinition<S> {
  return Object.freeze(definition);
}
