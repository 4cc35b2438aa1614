import { z } from 'zod';
import { canonicalJson, sha256Hex } from './canonical';

const parameterValue = z.union([z.number(), z.string(), z.boolean(), z.null()]);

const data = z.strictObject({
  name: z.string().min(1),
  /** version name of the dataset; null in a request: the version that these parameters give now */
  version: z.string().min(1).nullable().default(null),
  /** use only the first `limit` training examples of the version's fixed order; null = all */
  limit: z.number().int().positive().nullable().default(null),
  /** ρ: probability that the spurious attribute agrees with the class in training */
  strength: z.number().min(0).max(1).nullable().default(null),
  /** σ: standard deviation of the jitter on the spurious attribute */
  jitter: z.number().min(0).nullable().default(null),
  augmentation: z.enum(['none', 'crop-flip']).default('none'),
  /** further parameters of the dataset's definition (synthetic margins, deviations, …) */
  parameters: z.record(z.string(), parameterValue).default({}),
});

const model = z.strictObject({
  name: z.string().min(1),
  /** channels of the first stage (hidden units of an mlp); null = the model's own default */
  width: z.number().int().positive().nullable().default(null),
  stem: z.enum(['cifar', 'imagenet']).nullable().default(null),
  normalisation: z.enum(['batch', 'group', 'layer', 'none']).nullable().default(null),
});

const method = z.object({ name: z.string().min(1) }).catchall(parameterValue);

const optimizer = z.strictObject({
  name: z.enum(['adamw', 'sgd']).default('adamw'),
  lr: z.number().positive().default(1e-3),
  weightDecay: z.number().min(0).default(0),
  schedule: z.enum(['constant', 'cosine', 'warmup-cosine']).default('constant'),
});

/**
 * Everything that decides a run's numbers. The same shape is a request (defaults missing, `data.version` null) and the
 * record (all filled in by `completeRunSpec` of libs/coordination); only the record is hashed.
 */
export const runSpecSchema = z.strictObject({
  data,
  model,
  method,
  optimizer: optimizer.prefault({}),
  epochs: z.number().int().positive().max(100_000),
  batchSize: z.number().int().positive().default(128),
  precision: z.enum(['fp32', 'bf16']).default('fp32'),
  dataOrder: z.enum(['shuffled', 'sequential']).default('shuffled'),
  /** safetensors file to start from instead of the model's own initialisation */
  init: z
    .strictObject({ from: z.string().min(1) })
    .nullable()
    .default(null),
  /** epochs besides the last whose activations are stored */
  activationEpochs: z.array(z.number().int().positive()).default([]),
  seed: z
    .number()
    .int()
    .min(0)
    .max(2 ** 31 - 1)
    .default(0),
});

export type RunSpec = z.infer<typeof runSpecSchema>;
export type RunSpecInput = z.input<typeof runSpecSchema>;

/** SHA-256 of the canonical JSON of a complete spec. */
export const runSpecHash = (spec: RunSpec): string => sha256Hex(canonicalJson(spec));
